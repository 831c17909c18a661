"""The bill: who uses the brokers' time, and what each request, MB and connection costs.

Pure functions of runs. What no metric attributes is a remainder with a name, never hidden; where drivers move together
their prices cannot be separated, and none is guessed.
"""

from clusterload.analysis.bill.charge import FIGURES, KINDS, UNATTRIBUTED, Bill, Charge
from clusterload.analysis.bill.fit import fit_prices
from clusterload.analysis.bill.prices import Price, Prices
from clusterload.analysis.bill.reckoning import bill

__all__ = ["FIGURES", "KINDS", "UNATTRIBUTED", "Bill", "Charge", "Price", "Prices", "bill", "fit_prices"]
