"""Sending any number of messages: many requests at once, and one outcome for every message that was put in."""
