"""Faults: their kinds, when they occur, and how they are applied to a response."""
