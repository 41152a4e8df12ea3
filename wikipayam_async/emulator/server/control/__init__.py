"""The control API of a served emulator: look at its state, and change it while it runs."""
