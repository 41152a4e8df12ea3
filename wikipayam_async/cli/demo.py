"""`wikipayam demo`."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import OutputOptions
from wikipayam_async.cli.values import WholeNumber

__all__ = ["demo"]


def demo(
    *,
    messages: WholeNumber | None = None,
    concurrency: WholeNumber = 8,
    batch_size: WholeNumber = 20,
    seed: WholeNumber = 1,
    no_faults: bool = False,
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Run a bulk send against an emulated gateway with faults.

    At the end the client's report is compared with the gateway's ledger: the exit code is 0 if they agree, else 1.

    Args:
        messages: The number of messages (default: the number of receivers).
        concurrency: The maximum number of requests in flight.
        batch_size: The number of messages per request.
        seed: The seed of the faults.
        no_faults: Run without faults.
        output: How to show the result.
    """
    from wikipayam_async.demo.__main__ import main  # noqa: PLC0415 - other commands do without

    out = Output(json=output.json)
    argv = [
        f"--concurrency={concurrency}",
        f"--batch-size={batch_size}",
        f"--seed={seed}",
        f"--language={out.language}",
    ]
    argv += [] if messages is None else [f"--messages={messages}"]
    with redirect_stdout(sys.stderr):
        code = Exit(main([*argv, "--no-faults"] if no_faults else argv))
    out.emit({"agrees": code is Exit.OK})
    return code
