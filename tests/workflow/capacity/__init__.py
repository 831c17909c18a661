"""Capacity: how far a load can grow."""
