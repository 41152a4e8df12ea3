"""The tables of the page. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tests.peers.claims import FEATURES, NOT_VERIFIED, PRESENT, verdict
from tests.peers.events import EVENTS, MANY
from tests.peers.job import RECEIVER, Record, Results
from tests.peers.peers import OURS, PEERS, VARIANTS, Peer

__all__ = ["caller_gets", "levels", "pieces", "posted", "summary_table", "waited"]

_RETURNED = {
    "Response ": "a `Response` with status STATUS",
    "null": "`None`",
    '{"message"': "the body",
    '{"isSuccess"': "the body",
    '"<!doctype': "the page as text",
}
"""Descriptions of results, by their beginning."""

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


_FEATURES_HEAD = ("`py.typed`", "number received", *(one.title for one in FEATURES.values()))


def posted(record: Record | None) -> str:
    """Return how often one send was posted."""
    if record is None or not record.posts:
        return NOT_VERIFIED
    return "once" if record.posts == 1 else f"{record.posts} times"


def caller_gets(record: Record | None, package: str) -> str:
    """Return what the caller gets: an error with its origin, or a result."""
    if record is None:
        return NOT_VERIFIED
    if record.note:
        return record.note
    if record.error:
        return f"`{_class(record.error, package)}`"
    kind = next((text for beginning, text in _RETURNED.items() if record.returned.startswith(beginning)), "a result")
    status = record.returned.partition(" ")[2]
    return f"returns {kind}".replace("STATUS", status)


def _class(name: str, package: str) -> str:
    """Shorten a class: the peer's own and Python's to the name, others to library and name."""
    library, _, rest = name.partition(".")
    kind = rest.rpartition(".")[2]
    family = package.partition("_")[0]  # Vonage has several packages
    return kind if library in {package, "builtins"} or library.partition("_")[0] == family else f"{library}.{kind}"


def waited(record: Record | None) -> str:
    """Return how long the caller waited."""
    if record is None:
        return NOT_VERIFIED
    if record.note:
        return f"{record.note} after {record.seconds:.0f} s"
    return f"{record.seconds:.1f} s" if record.seconds < 10 else f"{record.seconds:.0f} s"


def levels(records: Iterable[Record]) -> str:
    """Return the levels and loggers that logged the key in any event."""
    logged = {line for record in records for line in record.logged}
    ordered = sorted(logged, key=lambda line: (-_LEVELS.index(line.split()[0]), line))
    return ", ".join(f"{level}, `{logger}`" for level, logger in map(str.split, ordered)) or "no"


def summary_table(results: Results) -> str:
    """Return the table of the README, with a row for each peer: retries, waiting, secrets and features."""
    head = [
        "",
        "posts of a send after a disconnect",
        "default wait",
        "key in a log, level",
        "runs on",
        *_FEATURES_HEAD,
    ]
    rows = [
        [
            f"**{name}**" if name == OURS else name,
            posted(results.at(name, "disconnected")),
            _default_wait(results.at(name, "silence")),
            _log_levels(_of(results, name)),
            _runs_on(results, peer),
            *_features_of(results, peer),
        ]
        for name, peer in PEERS.items()
    ]  # fmt: skip
    return _table(head, rows)


def pieces(results: Results) -> dict[str, str]:
    """Return every table of the page."""
    return {
        "summary": summary_table(results),
        "versions": _by_peer(results, ["version", "base URL"], lambda peer: _version(results, peer)),
        "posts": _posts(results),
        "outcomes": _outcomes(results),
        "answers": _answers(results),
        "timeouts": _timeouts(results),
        "connections": _connections(results),
        "secrets": _secrets(results),
        "features": _features(results),
        "names": _names(results),
    }


def _by_peer(results: Results, head: Sequence[str], row: Callable[[Peer], Sequence[str]]) -> str:
    return _table(["", *head], [[name, *row(peer)] for name, peer in PEERS.items()])


def _version(results: Results, peer: Peer) -> list[str]:
    facts = results.facts.get(peer.name)
    return [facts.version if facts else "not installed", peer.base_url]


def _posts(results: Results) -> str:
    events = ["disconnected", "reset", "500", "502", "503", "time-out"]
    head = ["", "disconnected", "reset", "500", "502", "503", "time-out of 1 s"]
    rows = [[name, *(posted(results.at(name, event)) for event in events)] for name in PEERS | VARIANTS]
    return _table(head, rows)


def _outcomes(results: Results) -> str:
    events = ["connection refused", "disconnected", "500", "502", "time-out"]
    return _by_peer(
        results,
        ["connection refused", "disconnected", "500, JSON", "502, HTML", "time-out of 1 s"],
        lambda peer: [caller_gets(results.at(peer.name, event), peer.package) for event in events],
    )


def _answers(results: Results) -> str:
    events = ["401", "401 in its own envelope", "200 and HTML", "unknown status"]
    return _by_peer(
        results,
        ["401, generic JSON", "401, own envelope", "200, HTML", "200, unknown status"],
        lambda peer: [caller_gets(results.at(peer.name, event), peer.package) for event in events],
    )


def _timeouts(results: Results) -> str:
    def row(peer: Peer) -> list[str]:
        silent, timed_out, slow = (results.at(peer.name, event) for event in ("silence", "time-out", "slow body"))
        return [
            "yes" if peer.has_timeout else "no",
            f"{waited(silent)}, posted {posted(silent)}" if silent else NOT_VERIFIED,
            waited(timed_out),
            f"{waited(slow)}, {_end_of(slow, peer)}" if slow else NOT_VERIFIED,
        ]

    return _by_peer(results, ["a setting", "silence, default", "silence, set to 1 s", "slow body, set to 1 s"], row)


def _end_of(record: Record, peer: Peer) -> str:
    if record.error:
        return caller_gets(record, peer.package)
    return "accepted"


def _connections(results: Results) -> str:
    def row(peer: Peer) -> list[str]:
        some, many = results.at(peer.name, "five sends"), results.at(peer.name, "twenty at once")
        return [
            "yes" if peer.is_async else "no",
            str(some.opened) if some else NOT_VERIFIED,
            f"{many.seconds * 1000:.0f} ms" if many and not many.error else NOT_VERIFIED,
            str(many.opened) if many else NOT_VERIFIED,
            _on_trio(results.at(peer.name, "trio"), peer),
        ]

    head = ["asynchronous", "connections for 5 sends", f"{MANY} concurrent sends", "their connections", "trio"]
    return _by_peer(results, head, row)


def _on_trio(record: Record | None, peer: Peer) -> str:
    if not peer.is_async or record is None:
        return NOT_VERIFIED
    return "runs" if record.returned and record.posts else caller_gets(record, peer.package)


def _secrets(results: Results) -> str:
    def row(peer: Peer) -> list[str]:
        records = _of(results, peer.name)
        shown = {where for record in records for where in record.shown}
        return [levels(records), "yes" if "error" in shown else "no", "yes" if "repr" in shown else "no"]

    return _by_peer(results, ["in a log", "in an error or its traceback", "in the `repr` of the client"], row)


def _features(results: Results) -> str:
    return _by_peer(results, _FEATURES_HEAD, lambda peer: _features_of(results, peer))


def _features_of(results: Results, peer: Peer) -> list[str]:
    facts = results.facts.get(peer.name)
    if facts is None:
        return [NOT_VERIFIED] * len(_FEATURES_HEAD)
    number = results.at(peer.name, "a number in Persian digits")
    return [
        "yes" if facts.typed else "no",
        NOT_VERIFIED if number is None or not number.received else _number(number.received),
        *(verdict(key, peer.name, facts, OURS) for key in FEATURES),
    ]


def _number(received: str) -> str:
    return "unchanged" if received == RECEIVER else f"as {received}"


def _names(results: Results) -> str:
    def row(peer: Peer) -> list[str]:
        facts = results.facts.get(peer.name)
        return [verdict(key, peer.name, facts, OURS) if facts else NOT_VERIFIED for key in PRESENT]

    return _by_peer(results, list(PRESENT), row)


def _default_wait(record: Record | None) -> str:
    if record is None:
        return NOT_VERIFIED
    if record.note:
        return f"more than {EVENTS['silence'].limit:.0f} s"
    times = "" if record.posts == 1 else f", in {record.posts} posts"
    return f"{record.seconds:.0f} s{times}"


def _log_levels(records: Sequence[Record]) -> str:
    logged = {line.split()[0] for record in records for line in record.logged}
    return ", ".join(sorted(logged, key=_LEVELS.index, reverse=True)) or "no"


def _runs_on(results: Results, peer: Peer) -> str:
    if not peer.is_async:
        return "synchronous"
    trio = _on_trio(results.at(peer.name, "trio"), peer) == "runs"
    return "asyncio, trio" if trio else "asyncio"


def _of(results: Results, name: str) -> list[Record]:
    return [record for record in results.records if record.peer == name]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
