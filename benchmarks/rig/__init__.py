"""What every measurement shares: the broker, the processes and their cost, what was stored, tables."""
