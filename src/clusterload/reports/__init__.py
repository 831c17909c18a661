"""Reports: ways of showing a run, its usage and its verdict. One file for each way."""
