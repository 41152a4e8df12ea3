"""HTTP and JSON: how a call is built, sent once, retried or not, and read. Knows no service of the gateway."""
