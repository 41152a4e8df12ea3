"""The parts of the load test: the shop as a process, simulated users, and the audit of the records."""
