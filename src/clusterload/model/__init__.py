"""The nouns: units, series, resources, run, ledger, histogram, statistics, limits, thresholds, workload.

Entry points: `workload.Plan.read`, `run.Run`, `limits.Limits`, `thresholds.Threshold`, `units`.
Imports nothing but the standard library, numpy, msgspec and hdrhistogram: no network, no Kafka, no clock, no chance.
"""
