"""The emulator on a port: a server, a state file and a request log."""
