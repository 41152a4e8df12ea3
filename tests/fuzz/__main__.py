"""Fuzz the emulator by its descriptions with schemathesis: `python -m tests.fuzz [options of schemathesis]`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.fuzz.narrowed import narrowed_document
from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator, ServedEmulator, create_server_app, serve

# `GET /receives/mark-read` looks up a message, since it matches the path of one; the description cannot say so.
_CONFIGURATION = """
[[operations]]
include-path = "/receives/mark-read"
checks.allow_header_conformance.enabled = false
checks.unsupported_method.enabled = false
"""
_OPTIONS = ("--seed", "1", "--max-examples", "50")


def fuzz_gateway(served: ServedEmulator, folder: Path, options: Sequence[str]) -> int:
    """Fuzz the emulated gateway, with every check of schemathesis."""
    description = folder / "gateway.json"
    description.write_bytes(msgspec.json.encode(narrowed_document()))
    header = f"Authorization: Bearer {DEFAULT_TOKEN}"
    return _schemathesis(folder, [str(description), "--url", f"{served.url}/api/v1", "--header", header, *options])


def fuzz_control(served: ServedEmulator, folder: Path, options: Sequence[str]) -> int:
    """Fuzz the control API. Its description cannot say which texts are fault rules, and what a state is."""
    checks = ("--exclude-checks", "positive_data_acceptance,ignored_auth", "--exclude-operation-id", "load_state")
    return _schemathesis(folder, [f"{served.url}/_emulator/openapi.json", *checks, *options])


def main(options: Sequence[str]) -> int:
    """Fuzz both; return 0 if nothing was found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "schemathesis.toml").write_text(_CONFIGURATION, "utf-8")
        codes = []
        for fuzz in (fuzz_gateway, fuzz_control):
            emulator = Emulator()
            emulator.account.balance = 10**15  # for as many messages as a fuzzer sends
            for number in range(20):
                emulator.inbound(sender="989127782175", message=f"message {number}")
            with serve(emulator, app=create_server_app(emulator)) as served:
                codes.append(fuzz(served, folder, options))
    return max(codes)


def _schemathesis(folder: Path, arguments: Sequence[str]) -> int:
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(folder / "schemathesis.toml")]
    done = subprocess.run([*command, "run", *_OPTIONS, *arguments], cwd=folder, check=False)  # noqa: S603 - our own
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
