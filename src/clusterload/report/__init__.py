"""Every way of showing and exporting a run, its usage and its verdict: one file for each way.

Entry points: `report.render`, `plots.plot`, `export.export`, `export.frame`.
Never imports the network or a Kafka library.
"""
