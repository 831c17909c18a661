"""A large cluster whose figures are worked out, with causes planted in it, to hold the judge against.

No host that a check runs on can hold a hundred brokers. What they would publish follows from what clients ask of them:
`cluster` says who asks what of which broker, `rates` what brokers count of it, `figures` turns that into the Series of
a run, `plants` and `cases` put a cause into it that is then known.
"""
