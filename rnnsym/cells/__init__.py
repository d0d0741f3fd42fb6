"""Cells: the record, the catalogue, and trajectories."""

from rnnsym.cells.catalogue import catalogue, elman, gru, leaky, linear, lstm
from rnnsym.cells.paths import step_result, trajectory, unroll
from rnnsym.cells.record import Cell

__all__ = ["Cell", "catalogue", "elman", "gru", "leaky", "linear", "lstm", "step_result", "trajectory", "unroll"]
