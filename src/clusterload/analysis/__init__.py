"""Judgement, pure: usage, bill, causes, diagnosis, headroom, effects, comparisons, changes, gates, ceilings.

Entry points: `usage.assess`, `diagnosis.diagnose`, `bill`, `headroom`, `compare`, `changes`, `effects`, `gates.gate`.
Never imports the network, Kafka, a clock, chance or files: the same run file gives the same answer in ten years.
"""
