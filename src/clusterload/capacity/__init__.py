"""Capacity: how far a load can grow on a cluster until a stated bound breaks, predicted and measured side by side."""

from clusterload.capacity.capacity import Capacity, Prediction
from clusterload.capacity.orders import Orders
from clusterload.capacity.raised import raise_until

__all__ = ["Capacity", "Orders", "Prediction", "raise_until"]
