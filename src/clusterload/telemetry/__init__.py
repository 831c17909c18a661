"""Where a cluster's metrics come from, and how they are kept: sources, name maps, discovery, recording, the run file.

Entry points: `discovery`, `record`, `runfile.read_run`, `sources.source`.
Never imports loads or reports.
"""
