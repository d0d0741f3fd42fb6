"""Linear systems: their record, their time axis and connections, functions of a matrix, discretization.

record     LinearSystem, Time
functions  powers and exponentials of a matrix in closed form, right at repeated and zero eigenvalues
sampling   discretize: from continuous to discrete time
"""

from rnnsym.systems.record import CONTINUOUS, DISCRETE, LinearSystem, Time
from rnnsym.systems.sampling import discretize

__all__ = ["CONTINUOUS", "DISCRETE", "LinearSystem", "Time", "discretize"]
