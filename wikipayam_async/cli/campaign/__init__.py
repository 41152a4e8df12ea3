"""`wikipayam campaign`: resuming a bulk send, and what became of its messages."""
