"""`wikipayam campaign`: resuming a bulk send, and the outcome of its messages."""
