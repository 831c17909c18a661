"""Sources: where a cluster's metrics come from, one member for each place."""
