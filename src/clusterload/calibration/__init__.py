"""Calibration: a cluster's own ceilings, resource by resource, found by driving each up until a stated bound breaks."""

from clusterload.calibration.calibrating import calibrate, raising_of
from clusterload.calibration.calibration import Calibration
from clusterload.calibration.orders import Orders

__all__ = ["Calibration", "Orders", "calibrate", "raising_of"]
