"""`client.sms`: SMS, their delivery, and the legacy inbox."""
