"""The journal of a campaign in a file of SQLite."""
