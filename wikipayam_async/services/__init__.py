"""The gateway's services, one file each: models, operations, methods."""
