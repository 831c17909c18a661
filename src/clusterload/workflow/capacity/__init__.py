"""Capacity: how far a load can grow on a cluster until a stated bound breaks, predicted and measured side by side."""

from clusterload.workflow.capacity.capacity import Capacity, Prediction
from clusterload.workflow.capacity.orders import Orders
from clusterload.workflow.capacity.raised import raise_until

__all__ = ["Capacity", "Orders", "Prediction", "raise_until"]
