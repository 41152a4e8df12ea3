"""Bulk sends: any number of messages, many requests at once, and one result for every message."""
