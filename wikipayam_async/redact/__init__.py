"""Keeping secrets in: what may be shown of a token, a number, a text or an answer."""
