"""A demonstration: a bulk send to an emulated gateway with faults, compared with the gateway's ledger.

`python -m wikipayam_async.demo` starts the emulator, sends it 5,000 messages while it refuses requests, fails and breaks
connections, and then compares the client's report with what the gateway accepted.
"""
