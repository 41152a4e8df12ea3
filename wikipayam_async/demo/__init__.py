"""A demonstration: a campaign through a gateway that misbehaves, and the gateway's own ledger as the judge of it.

``python -m wikipayam_async.demo`` starts the emulator, sends it some thousand messages while it refuses, fails and
breaks connections, and then compares what the client reported with what was in truth accepted.
"""
