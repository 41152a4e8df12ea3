"""`wikipayam campaign migrate`."""

from __future__ import annotations

import anyio

from wikipayam_async.cli.campaign.options import UrlOptions
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.session import OutputOptions, guarded

__all__ = ["migrate"]


def migrate(*, database: UrlOptions = UrlOptions(), output: OutputOptions = OutputOptions()) -> Exit:
    """Set up a database for campaigns, or bring its tables up to date. It changes nothing where they are.

    Stop the workers before a migration.

    Args:
        database: The database.
        output: How to show the result.
    """
    out = Output(json=output.json)

    def work() -> Exit:
        state = anyio.run(database.need().migrate)
        changed = ", ".join(state.changes)
        text = f"changed: {changed}" if changed else "nothing to change"
        out.show(
            f"{text}; the tables are of version {state.version}",
            {"version": state.version, "engine": state.engine, "changes": list(state.changes)},
        )
        return Exit.OK

    return guarded(out, work)
