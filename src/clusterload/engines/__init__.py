"""Engines: what turns Loads into traffic. Each is a folder; `progress` is what they all report."""
