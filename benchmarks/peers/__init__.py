"""The other tools that stand beside ours: how each comes, and how it is run."""
