"""The tree of `wikipayam campaign`. Each command's module is imported when it is called."""

from __future__ import annotations

from cyclopts import App, Group

__all__ = ["campaign"]

_COMMANDS = (
    ("plan", "bulk.planning:plan"),
    ("run", "campaign.sending:run"),
    ("enqueue", "campaign.enqueue:enqueue"),
    ("status", "campaign.status:status"),
    ("results", "campaign.outcomes:results"),
    ("mark-accepted", "campaign.outcomes:mark_accepted"),
    ("requeue", "campaign.outcomes:requeue"),
    ("audit", "campaign.outcomes:audit"),
    ("pause", "campaign.sending:pause"),
    ("resume", "campaign.enqueue:resume"),
    ("cancel", "campaign.sending:cancel"),
    ("follow", "campaign.outcomes:follow"),
    ("export", "campaign.outcomes:export"),
    ("purge", "campaign.outcomes:purge"),
    ("migrate", "campaign.migrate:migrate"),
)


def _tree() -> App:
    app = App(name="campaign", group_arguments=Group("Arguments"), group_parameters=Group("Options"))
    for index, (name, path) in enumerate(_COMMANDS):
        app.command(f"wikipayam_async.cli.{path}", name=name, sort_key=index)
    return app


campaign = _tree()
