"""An emulator with all that is served beside it, for programs that serve it themselves."""

from wikipayam_async.emulator.app import AsgiApp, create_app
from wikipayam_async.emulator.emulator import Emulator


def create_server_app(emulator: Emulator, *, control_token: str | None = None) -> AsgiApp:
    """Return an ASGI application that serves an emulator with its control API, its descriptions and an index.

    `wikipayam emulator` serves the same; in a program it is `serve(emulator, app=create_server_app(emulator))`.

    Args:
        emulator: The emulator.
        control_token: The token that callers of the control API must send. Without one, it answers this machine only.

    Raises:
        ValueError: The token is empty, or has other characters than visible ASCII.
    """
    # Imported here, since most tests do without the control API and its many shapes.
    from wikipayam_async.emulator.server.control.app import ControlApp  # noqa: PLC0415 - see above
    from wikipayam_async.emulator.server.control.context import Control  # noqa: PLC0415 - see above
    from wikipayam_async.emulator.server.control.guard import Guard  # noqa: PLC0415 - see above
    from wikipayam_async.emulator.server.front import Front  # noqa: PLC0415 - see above

    control = Control.of(emulator)
    return Front(create_app(control.history), ControlApp(control, Guard(control_token)).app).app
