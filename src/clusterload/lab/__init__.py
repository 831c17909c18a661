"""A real Apache Kafka cluster that clusterload starts by itself, and breaks on request.

Entry points: `lab.Lab`, `registry.find_lab`, `faults`, `breaking`.
Never imports loads or reports.
"""
