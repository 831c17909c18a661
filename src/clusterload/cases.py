"""The case study in Python: a story that is run on a lab, its riddle, its answer, and how it is judged.

case    = Case.named("cluster-load")
outcome = run_case(case, ...)
print(riddle(outcome)); print(answer(outcome))
"""

from clusterload.analysis.case_comparison import CaseComparison, compare_with_baseline
from clusterload.report.report import answer, riddle
from clusterload.workflow.cases import Case, judge, run_case

__all__ = ["Case", "CaseComparison", "answer", "compare_with_baseline", "judge", "riddle", "run_case"]
