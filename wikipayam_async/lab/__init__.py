"""The API lab: a page that tries every call of the gateway, beside the emulator or for the gateway itself.

The page is static files; the JSON API behind it makes the calls with the client of this package. The token stays in this
process.
"""
