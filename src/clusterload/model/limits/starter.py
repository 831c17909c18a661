"""Starter: a first table of limits of one's own, to be edited: each kind of row once, most of them commented out."""

from __future__ import annotations

from typing import Final

STARTER: Final = """\
# Limits of our cluster. Edit, then have it checked: clusterload limits show FILE
# A resource that has no row has an unknown limit, not an infinite one.
title = "Our cluster"
source = "who says so: a contract, a page, a load test"
as_of = "{today}"
# The kind of all rows that say nothing else: enforced, guideline, declared (the operator set it) or measured.
force = "declared"
# extends = "confluent-dedicated"       # a table that comes with clusterload; rows here replace its rows

[[limits]]
resource = "ingress"                    # also: egress, connection_attempts, records_in, throughput (in and out)
value = "95 MB/s"

# [[limits]]
# resource = "connections"
# value = "3,000"
# scope = "broker"                      # of each broker; broker = "2" is of one

# [[limits]]
# resource = "connections"
# value = 500
# each = "principal"                    # of each login; of one: principal = "etl"; or listener, client, topic

# [[limits]]
# resource = "requests"
# value = "900,000/min"

# [[limits]]
# resource = "partitions"
# value = 4000
# before_replication = true             # counted once, not each replica

# [[limits]]
# resource = "cpu"                      # also: request_handlers, network_threads
# value = "60 %"
# force = "guideline"
"""
"""The text of the file, with `{today}` where the date belongs."""
