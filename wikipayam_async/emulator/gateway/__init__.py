"""The gateway as a state machine, written from its documentation: one request in, one response out."""
