"""A report as one HTML file that needs nothing else: `page` makes it, `case_page` that of a case."""

from clusterload.report.html.page import case_page, page

__all__ = ["case_page", "page"]
