"""A report as one HTML file that needs nothing else: `page` makes it, `fragment` what a notebook shows."""

from clusterload.reports.html.page import page

__all__ = ["page"]
