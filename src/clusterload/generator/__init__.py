"""Engines, which turn Loads into traffic: `wire` (the protocol itself) and `librdkafka` (what an application does).

Entry points: `wire.engine`, `librdkafka.engine`; both report a `progress`.
Never imports reports or a web server.
"""
