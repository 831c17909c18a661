"""The other tools that ours is compared with: how each comes, and how it is run."""
