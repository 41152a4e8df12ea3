"""`wikipayam emulator`: serve an emulated gateway, look at it, and change it while it runs."""
