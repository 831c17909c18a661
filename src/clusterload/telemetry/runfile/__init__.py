"""The run file: one SQLite database a run, written as the run goes.

Points are kept in compressed column chunks, one for each Series and flush. After a kill all but the last
seconds can be read. What can be derived from it (usage, verdict) is not stored.
"""

from clusterload.telemetry.runfile.files import files_of, repeats_in_folder, run_files
from clusterload.telemetry.runfile.reader import Summary, parsed_label, read_run, read_summary, write_labels
from clusterload.telemetry.runfile.recent import Recent
from clusterload.telemetry.runfile.writer import SUFFIX, Recorder, new_id, require_free

__all__ = [
    "SUFFIX",
    "Recent",
    "Recorder",
    "Summary",
    "files_of",
    "new_id",
    "parsed_label",
    "read_run",
    "read_summary",
    "repeats_in_folder",
    "require_free",
    "run_files",
    "write_labels",
]
