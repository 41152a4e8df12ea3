"""Faults: what can be made to go wrong, when, and how it is applied to a response."""
