from wikipayam_async.emulator import Emulator, ServedEmulator
from wikipayam_async.emulator.server.environment import environment


def test_the_environment_points_to_the_emulator(emulator: Emulator) -> None:
    """The variables are those that a client without arguments reads."""
    served = ServedEmulator(emulator, "::1", 8026)
    assert environment(served) == {
        "SMS_AUTH_TOKEN": "emulator-token",
        "SMS_SENDER": "10002000",
        "SMS_USERNAME": "09123456789",
        "WIKIPAYAM_SMS_API_BASE_URL": "http://[::1]:8026",
        "WIKIPAYAM_SMS_API_PREFIX": "/api/v1",
    }
