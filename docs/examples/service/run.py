"""Run the shop with an emulated gateway: `python docs/examples/service/run.py`. Nothing leaves this machine."""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
from collections.abc import Sequence

import uvicorn

from phones import phones
from shop.app import create_app
from wikipayam_async.emulator import Emulator, serve
from wikipayam_async.testing import emulator_environ

__all__ = ["main"]


class _Server(uvicorn.Server):
    """Prints its URL when it is ready."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            print(f"shop:    http://127.0.0.1:{port}/docs   (Ctrl-C stops it)", flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C.

    Args:
        argv: The arguments; those of the command line if None.
    """
    parser = argparse.ArgumentParser(prog="run.py", description="Run the shop against an emulated gateway.")
    parser.add_argument("--port", type=int, default=8000, help="the shop's port; 0 for a free one (default: 8000)")
    parser.add_argument(
        "--gateway-port", type=int, default=8026, help="the gateway's port; 0 for a free one (default: 8026)"
    )
    options = parser.parse_args(argv)
    emulator = Emulator()
    with serve(emulator, port=options.gateway_port) as gateway, contextlib.suppress(KeyboardInterrupt):
        os.environ.update(emulator_environ(gateway))  # override the settings of a real gateway
        print(f"gateway: {gateway.url}   (emulated)", flush=True)
        app = create_app()
        app.include_router(phones(emulator))
        _Server(uvicorn.Config(app, port=options.port, log_level="warning", timeout_graceful_shutdown=5)).run()


if __name__ == "__main__":
    main()
