"""Baseline: which stretch of the past the present is held against, and whether it was steady.

Entry points: `before_change` and `same_hour` find one, `around` one of a moment that has passed, `steadiness` says
whether one kept its levels.
"""

from clusterload.analysis.baseline.around import LATER as LATER
from clusterload.analysis.baseline.around import Around as Around
from clusterload.analysis.baseline.around import around as around
from clusterload.analysis.baseline.breaks import LOOKED_AT as LOOKED_AT
from clusterload.analysis.baseline.breaks import Break as Break
from clusterload.analysis.baseline.breaks import Steadiness as Steadiness
from clusterload.analysis.baseline.breaks import breaks as breaks
from clusterload.analysis.baseline.breaks import steadiness as steadiness
from clusterload.analysis.baseline.search import FoundBaseline as FoundBaseline
from clusterload.analysis.baseline.search import alike_days as alike_days
from clusterload.analysis.baseline.search import before_change as before_change
from clusterload.analysis.baseline.search import is_daily as is_daily
from clusterload.analysis.baseline.search import same_hour as same_hour
