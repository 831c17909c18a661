"""The doctor: what of a cluster is reachable and readable, what cannot be judged from it, and what would change that.

`checkup` looks at everything, without load and without a change.
"""
