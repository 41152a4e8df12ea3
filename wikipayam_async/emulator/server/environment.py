"""The environment variables of a client of a served emulator."""

from wikipayam_async.emulator.gateway.gateway import DEFAULT_PREFIX
from wikipayam_async.emulator.gateway.state import DEFAULT_LINE, DEFAULT_TOKEN, DEFAULT_USERNAME
from wikipayam_async.emulator.server.serve import ServedEmulator


def environment(served: ServedEmulator) -> dict[str, str]:
    """Return the environment variables with which a client finds a served emulator."""
    return {
        "SMS_AUTH_TOKEN": DEFAULT_TOKEN,
        "SMS_SENDER": DEFAULT_LINE,
        "SMS_USERNAME": DEFAULT_USERNAME,
        "WIKIPAYAM_SMS_API_BASE_URL": served.url,
        "WIKIPAYAM_SMS_API_PREFIX": DEFAULT_PREFIX,
    }
