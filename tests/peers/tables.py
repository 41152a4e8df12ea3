"""The tables of the page, made from what was found out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tests.peers.claims import FEATURES, NOT_VERIFIED, PRESENT, verdict
from tests.peers.events import EVENTS, MANY
from tests.peers.job import RECEIVER, Book, Record
from tests.peers.peers import OURS, PEERS, VARIANTS, Peer

__all__ = ["caller_gets", "levels", "narrow", "pieces", "posted", "waited"]

_RETURNED = {
    "Response ": "a `Response` with status STATUS",
    "null": "`None`",
    '{"message"': "the body",
    '{"isSuccess"': "the body",
    '"<!doctype': "the page as text",
}
"""What was returned, by how it begins."""

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


_FEATURES_HEAD = ("`py.typed`", "the number arrives", *(one.title for one in FEATURES.values()))


def posted(record: Record | None) -> str:
    """Tell how often one send was posted."""
    if record is None or not record.posts:
        return NOT_VERIFIED
    return "once" if record.posts == 1 else f"{record.posts} times"


def caller_gets(record: Record | None, package: str) -> str:
    """Tell what the caller gets: an error with its origin, or what was returned."""
    if record is None:
        return NOT_VERIFIED
    if record.note:
        return record.note
    if record.error:
        return f"`{_class(record.error, package)}`"
    kind = next((told for beginning, told in _RETURNED.items() if record.returned.startswith(beginning)), "a result")
    status = record.returned.partition(" ")[2]
    return f"returns {kind}".replace("STATUS", status)


def _class(name: str, package: str) -> str:
    """Shorten a class to what tells whose it is: the peer's own and Python's by name, others with their library."""
    library, _, rest = name.partition(".")
    kind = rest.rpartition(".")[2]
    family = package.partition("_")[0]  # Vonage's packages are several
    return kind if library in {package, "builtins"} or library.partition("_")[0] == family else f"{library}.{kind}"


def waited(record: Record | None) -> str:
    """Tell after how long the caller got something."""
    if record is None:
        return NOT_VERIFIED
    if record.note:
        return f"{record.note} after {record.seconds:.0f} s"
    return f"{record.seconds:.1f} s" if record.seconds < 10 else f"{record.seconds:.0f} s"


def levels(records: Iterable[Record]) -> str:
    """Tell at which levels and by which loggers the key was logged in any event."""
    said = {line for record in records for line in record.logged}
    ordered = sorted(said, key=lambda line: (-_LEVELS.index(line.split()[0]), line))
    return ", ".join(f"{level}, `{logger}`" for level, logger in map(str.split, ordered)) or "no"


def narrow(book: Book) -> str:
    """Make the table of the README: a row for each peer, what decides about money and secrets, and what is in it."""
    head = [
        "",
        "server disconnects: a send is posted",
        "waits by default",
        "key in a log, from level",
        "runs on",
        *_FEATURES_HEAD,
    ]
    rows = [
        [
            f"**{name}**" if name == OURS else name,
            posted(book.at(name, "disconnected")),
            _patience(book.at(name, "silence")),
            _log_levels(_of(book, name)),
            _runs_on(book, peer),
            *_features_of(book, peer),
        ]
        for name, peer in PEERS.items()
    ]  # fmt: skip
    return _table(head, rows)


def pieces(book: Book) -> dict[str, str]:
    """Make every table of the page."""
    return {
        "narrow": narrow(book),
        "versions": _by_peer(book, ["version", "base URL"], lambda peer: _version(book, peer)),
        "posts": _posts(book),
        "outcomes": _outcomes(book),
        "answers": _answers(book),
        "timeouts": _timeouts(book),
        "connections": _connections(book),
        "secrets": _secrets(book),
        "features": _features(book),
        "names": _names(book),
    }


def _by_peer(book: Book, head: Sequence[str], row: Callable[[Peer], Sequence[str]]) -> str:
    return _table(["", *head], [[name, *row(peer)] for name, peer in PEERS.items()])


def _version(book: Book, peer: Peer) -> list[str]:
    facts = book.facts.get(peer.name)
    return [facts.version if facts else "not installed", peer.base_of]


def _posts(book: Book) -> str:
    events = ["disconnected", "reset", "500", "502", "503", "too late"]
    head = ["", "disconnected", "reset", "500", "502", "503", "time-out of 1 s"]
    rows = [[name, *(posted(book.at(name, event)) for event in events)] for name in PEERS | VARIANTS]
    return _table(head, rows)


def _outcomes(book: Book) -> str:
    events = ["refused", "disconnected", "500", "502", "too late"]
    return _by_peer(
        book,
        ["no connection", "disconnected", "500, JSON", "502, HTML", "time-out of 1 s"],
        lambda peer: [caller_gets(book.at(peer.name, event), peer.package) for event in events],
    )


def _answers(book: Book) -> str:
    events = ["401", "401 in its own envelope", "200 and HTML", "unknown status"]
    return _by_peer(
        book,
        ["401, foreign JSON", "401, its own envelope", "200, HTML", "200, unknown status"],
        lambda peer: [caller_gets(book.at(peer.name, event), peer.package) for event in events],
    )


def _timeouts(book: Book) -> str:
    def row(peer: Peer) -> list[str]:
        silent, late, dripped = (book.at(peer.name, event) for event in ("silence", "too late", "dripped"))
        return [
            "yes" if peer.has_timeout else "no",
            f"{waited(silent)}, posted {posted(silent)}" if silent else NOT_VERIFIED,
            waited(late),
            f"{waited(dripped)}, {_end_of(dripped, peer)}" if dripped else NOT_VERIFIED,
        ]

    return _by_peer(book, ["a setting", "silence, by default", "silence, set to 1 s", "dripped, set to 1 s"], row)


def _end_of(record: Record, peer: Peer) -> str:
    if record.error:
        return caller_gets(record, peer.package)
    return "accepted"


def _connections(book: Book) -> str:
    def row(peer: Peer) -> list[str]:
        some, many = book.at(peer.name, "five sends"), book.at(peer.name, "twenty at once")
        return [
            "yes" if peer.is_async else "no",
            str(some.opened) if some else NOT_VERIFIED,
            f"{many.seconds * 1000:.0f} ms" if many and not many.error else NOT_VERIFIED,
            str(many.opened) if many else NOT_VERIFIED,
            _on_trio(book.at(peer.name, "trio"), peer),
        ]

    head = ["asynchronous", "connections for 5 sends", f"{MANY} sends at once", "connections for these", "trio"]
    return _by_peer(book, head, row)


def _on_trio(record: Record | None, peer: Peer) -> str:
    if not peer.is_async or record is None:
        return NOT_VERIFIED
    return "runs" if record.returned and record.posts else caller_gets(record, peer.package)


def _secrets(book: Book) -> str:
    def row(peer: Peer) -> list[str]:
        records = _of(book, peer.name)
        shown = {where for record in records for where in record.shown}
        return [levels(records), "yes" if "error" in shown else "no", "yes" if "repr" in shown else "no"]

    return _by_peer(book, ["in a log", "in an error or its traceback", "in the `repr` of the client"], row)


def _features(book: Book) -> str:
    return _by_peer(book, _FEATURES_HEAD, lambda peer: _features_of(book, peer))


def _features_of(book: Book, peer: Peer) -> list[str]:
    facts = book.facts.get(peer.name)
    if facts is None:
        return [NOT_VERIFIED] * len(_FEATURES_HEAD)
    number = book.at(peer.name, "a number as people write it")
    return [
        "yes" if facts.typed else "no",
        NOT_VERIFIED if number is None or not number.received else _number(number.received),
        *(verdict(key, peer.name, facts, OURS) for key in FEATURES),
    ]


def _number(received: str) -> str:
    return "as it was given" if received == RECEIVER else f"as {received}"


def _names(book: Book) -> str:
    def row(peer: Peer) -> list[str]:
        facts = book.facts.get(peer.name)
        return [verdict(key, peer.name, facts, OURS) if facts else NOT_VERIFIED for key in PRESENT]

    return _by_peer(book, list(PRESENT), row)


def _patience(record: Record | None) -> str:
    if record is None:
        return NOT_VERIFIED
    if record.note:
        return f"more than {EVENTS['silence'].limit:.0f} s"
    times = "" if record.posts == 1 else f", in {record.posts} posts"
    return f"{record.seconds:.0f} s{times}"


def _log_levels(records: Sequence[Record]) -> str:
    said = {line.split()[0] for record in records for line in record.logged}
    return ", ".join(sorted(said, key=_LEVELS.index, reverse=True)) or "no"


def _runs_on(book: Book, peer: Peer) -> str:
    if not peer.is_async:
        return "synchronous"
    trio = _on_trio(book.at(peer.name, "trio"), peer) == "runs"
    return "asyncio, trio" if trio else "asyncio"


def _of(book: Book, name: str) -> list[Record]:
    return [record for record in book.records if record.peer == name]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
