"""`client.receives`: received messages."""
