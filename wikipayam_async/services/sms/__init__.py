"""`client.sms`: sending, delivery, and the old inbox."""
