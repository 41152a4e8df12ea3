"""Helpers that several test rooms share: a gateway on a bare socket, clients on virtual time, a gateway's ledger."""
