"""The tree of `wikipayam campaign`."""

from __future__ import annotations

from importlib import import_module

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
        # By name, since `bulk/` imports modules of this folder; and now, since the help lists the docstrings.
        module, _, function = path.partition(":")
        app.command(getattr(import_module(f"wikipayam_async.cli.{module}"), function), name=name, sort_key=index)
    return app


campaign = _tree()
