"""`wikipayam emulator` and the commands below it, which control a running emulator."""

from __future__ import annotations

import os
from pathlib import Path

from cyclopts import App, Group

from wikipayam_async.cli.emulator import lists
from wikipayam_async.cli.emulator.connection import EmulatorConnection, controlled
from wikipayam_async.cli.emulator.serve import serve_emulator
from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.values import Number, WholeNumber
from wikipayam_async.emulator.faults.latency import parse_latency
from wikipayam_async.emulator.server.control.client import ControlClient
from wikipayam_async.emulator.server.control.models import (
    Balance,
    Clock,
    ClockAdvance,
    FaultList,
    GatewayLimits,
    LatencyRange,
    NewFaults,
    Nothing,
    RateLimit,
    Status,
)
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.whole_files import replaced

__all__ = ["emulator"]

emulator = App(name="emulator", group_arguments=Group("Arguments"), group_parameters=Group("Options"))
fault = App(
    name="fault",
    help="Add, list and clear faults while the emulator runs.",
    group_arguments=Group("Arguments"),
    group_parameters=Group("Options"),
)
clock = App(
    name="clock",
    help="Show the clock of the emulator, and move it forward.",
    group_arguments=Group("Arguments"),
    group_parameters=Group("Options"),
)

emulator.default(serve_emulator)


@emulator.command
def status(*, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """Show the running emulator at a glance."""

    def work(client: ControlClient, out: Output) -> None:
        _show_status(out, client.get("/", Status))

    return controlled(connection, work)


emulator.command(lists.ledger)
emulator.command(lists.requests)
emulator.command(lists.delivery)
emulator.command(lists.inbox)
emulator.command(fault)


@fault.command(name="add")
def add_faults(*rule: str, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """Add faults, as 502:after@5% or reset@every10@/sms/send; all of them or none.

    Args:
        rule: The faults.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        if not rule:
            raise InvalidInputError("RULE", rule="expected a fault, as in 502:after@5%", got="none")
        _show_faults(out, client.send("POST", "/faults", NewFaults(rules=[*rule]), FaultList))

    return controlled(connection, work)


@fault.command(name="list")
def list_faults(*, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """List the faults in force, and how many have occurred."""

    def work(client: ControlClient, out: Output) -> None:
        _show_faults(out, client.get("/faults", FaultList))

    return controlled(connection, work)


@fault.command(name="clear")
def clear_faults(*number: WholeNumber, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """Remove faults by their numbers, or all of them.

    Args:
        number: Their numbers, as the list shows them (default: all).
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        paths = [f"/faults/{one}" for one in number] or ["/faults"]
        left = [client.send("DELETE", path, Nothing(), FaultList) for path in paths]
        _show_faults(out, left[-1])

    return controlled(connection, work)


@emulator.command
def latency(time: str | None = None, /, *, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """Show or set the response time of every request.

    Args:
        time: The time, as 0.05, 20ms or 50ms-200ms.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        found = client.get("/latency", LatencyRange) if time is None else _set_latency(client, time)
        shown = (
            f"{found.shortest:g} s" if found.longest == found.shortest else f"{found.shortest:g} to {found.longest:g} s"
        )
        out.report(shown, found)

    return controlled(connection, work)


@emulator.command(name="rate-limit")
def rate_limit(
    requests: WholeNumber | None = None,
    /,
    *,
    window: Number = 60.0,
    off: bool = False,
    connection: EmulatorConnection = EmulatorConnection(),
) -> Exit:
    """Show or set the rate limit of the gateway; above it requests get a 429.

    Args:
        requests: The maximum number of requests per window.
        window: The length of a window, in seconds.
        off: Remove the limit.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        limits = client.get("/limits", GatewayLimits)
        if requests is not None or off:
            quota = None if requests is None or off else RateLimit(requests=requests, window=window)
            changed = GatewayLimits(rate_limit=quota, max_batch=limits.max_batch, max_body_bytes=limits.max_body_bytes)
            limits = client.send("PUT", "/limits", changed, GatewayLimits)
        found = limits.rate_limit
        shown = "no limit" if found is None else f"{counted(found.requests, 'request')} in {found.window:g} s"
        out.report(shown, {"rate_limit": found})

    return controlled(connection, work)


emulator.command(clock)


@clock.command(name="show")
def show_clock(*, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """Show the time of day of the emulator."""

    def work(client: ControlClient, out: Output) -> None:
        _show_clock(out, client.get("/clock", Clock))

    return controlled(connection, work)


@clock.command(name="advance")
def advance_clock(seconds: Number, /, *, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """Move the clock forward; deliveries and the rate limit move with it.

    Args:
        seconds: The number of seconds.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        _show_clock(out, client.send("POST", "/clock", ClockAdvance(advance=seconds), Clock))

    return controlled(connection, work)


@emulator.command
def balance(rials: WholeNumber | None = None, /, *, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """Show or set the balance of the emulated account.

    Args:
        rials: The new balance, in rials.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        if rials is None:
            found = client.get("/balance", Balance)
        else:
            found = client.send("PUT", "/balance", Balance(balance=rials), Balance)
        out.report(f"{found.balance:,} rials", found)

    return controlled(connection, work)


@emulator.command
def reset(*, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """Clear sent and received messages, requests and faults, and restore the balance."""

    def work(client: ControlClient, out: Output) -> None:
        _show_status(out, client.send("POST", "/reset", Nothing(), Status))

    return controlled(connection, work)


@emulator.command
def save(file: Path, /, *, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """Write balance, sent messages and inbox to a file, which only you can read.

    Args:
        file: The file; an existing one is replaced.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        state = client.state()
        try:
            with replaced(file.resolve()) as written:
                written.write(state)
        except OSError as error:
            raise _unusable(error) from None
        out.show(f"saved: {file}", {"file": os.fspath(file)})

    return controlled(connection, work)


@emulator.command
def load(file: Path, /, *, connection: EmulatorConnection = EmulatorConnection()) -> Exit:
    """Replace balance, sent messages and inbox with those in a file.

    Args:
        file: A file of save, or of --state.
        connection: How to reach the emulator.
    """

    def work(client: ControlClient, out: Output) -> None:
        try:
            state = file.read_bytes()
        except OSError as error:
            raise _unusable(error) from None
        _show_status(out, client.send("PUT", "/state", state, Status))

    return controlled(connection, work)


def _set_latency(client: ControlClient, text: str) -> LatencyRange:
    try:
        found = parse_latency(text)
    except ValueError as error:
        raise InvalidInputError("TIME", rule=str(error), got="another value") from None
    return client.send("PUT", "/latency", LatencyRange(shortest=found.shortest, longest=found.longest), LatencyRange)


def _show_status(out: Output, found: Status) -> None:
    out.facts(
        {
            "now": found.now.isoformat(" ", "seconds"),
            "accepted messages": f"{found.accepted:,}",
            "received messages": f"{found.inbox:,}",
            "requests": f"{found.requests:,}",
            "balance": f"{found.balance:,} rials",
            "faults in force": f"{found.faults:,}",
        }
    )
    out.emit(found)


def _show_faults(out: Output, found: FaultList) -> None:
    rows = [
        (str(one.id), one.rule, "" if one.remaining is None else counted(one.remaining, "request"))
        for one in found.faults
    ]
    out.table(("number", "fault", "left"), rows)
    if found.occurred:
        out.say("occurred: " + ", ".join(f"{kind} {count:,}" for kind, count in sorted(found.occurred.items())))
    out.emit(found)


def _show_clock(out: Output, found: Clock) -> None:
    out.answer(found.now.isoformat(" ", "seconds"), found)


def _unusable(error: OSError) -> InvalidInputError:
    return InvalidInputError("FILE", rule="expected a file that can be used", got=f"an error: {error.strerror}")
