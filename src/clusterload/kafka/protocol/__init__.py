"""Kafka's protocol as every part of clusterload speaks it: security, logins, frames, a conversation with one broker.

`address`, `security`, `login`, `scram`, `tokens` and `tls` import no Kafka library, so that a worker stays light;
`framing` and `conversation` know `kio`.
"""
