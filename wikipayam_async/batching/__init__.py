"""Many tasks send one message each; few requests leave: the batcher and the outbox."""
