"""What a command does from start to end: measure, watch, experiment, find capacity, calibrate, run a case, clean up.

Entry points: `measure.measure`, `watch.watch`, `experiment`, `capacity`, `calibrate`, `cases.run_case`, `cleanup`.
Never imports a plotting library or a web server.
"""
