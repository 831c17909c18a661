"""Calibration: a cluster's own ceilings, resource by resource, found by driving each up until a stated bound breaks."""

from clusterload.calibration.calibration import Calibration
from clusterload.calibration.orders import Making, Orders
from clusterload.calibration.searching import calibrate, climbed

__all__ = ["Calibration", "Making", "Orders", "calibrate", "climbed"]
