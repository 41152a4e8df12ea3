"""What every file of SQLite here shares: how it is opened, one writing connection, group commit, locks."""
