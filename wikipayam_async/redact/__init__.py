"""Masking of tokens, numbers and texts."""
