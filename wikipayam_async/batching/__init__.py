"""The batcher and the outbox: single messages of many tasks, sent in few requests."""
