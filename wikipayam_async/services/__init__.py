"""The gateway's services, one module or package each: models, operations, methods."""
