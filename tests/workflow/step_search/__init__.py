"""The search that calibration and capacity share."""
