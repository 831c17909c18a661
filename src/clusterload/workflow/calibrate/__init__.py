"""Calibration: a cluster's own ceilings, resource by resource, found by driving each up until a stated bound breaks."""

from clusterload.workflow.calibrate.calibrating import calibrate, raising_of
from clusterload.workflow.calibrate.calibration import Calibration
from clusterload.workflow.calibrate.orders import Orders

__all__ = ["Calibration", "Orders", "calibrate", "raising_of"]
