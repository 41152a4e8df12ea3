"""HTTP and JSON: builds calls, sends them, retries them and reads their answers. Independent of the services."""
