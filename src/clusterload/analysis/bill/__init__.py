"""The bill: who pays for the brokers' time, and what each thing that they are asked for costs.

Pure functions of runs. What no metric tells is a remainder with a name, never hidden; where drivers move together their
prices cannot be separated, and none is guessed.
"""

from clusterload.analysis.bill.charge import FIGURES, KINDS, NOT_TOLD, Bill, Charge
from clusterload.analysis.bill.price import Price, Prices
from clusterload.analysis.bill.prices import prices
from clusterload.analysis.bill.reckoning import bill

__all__ = ["FIGURES", "KINDS", "NOT_TOLD", "Bill", "Charge", "Price", "Prices", "bill", "prices"]
