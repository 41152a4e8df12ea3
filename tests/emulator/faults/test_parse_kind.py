import pytest

from wikipayam_async.emulator import Fault, FaultKind, When
from wikipayam_async.emulator.faults.parse_kind import parse_kind

MIB = 1024 * 1024

WRITTEN = {
    "502": Fault.status(502),
    "status:502": Fault.status(502),
    "502:after": Fault.status(502, when=When.AFTER),
    "502:before": Fault.status(502),
    "429:retry=2": Fault.status(429, retry_after=2),
    "429: retry=500ms , after": Fault.status(429, retry_after=0.5, when=When.AFTER),
    "200": Fault.status(200),
    "html": Fault.html(),
    "HTML:200,after": Fault.html(200, when=When.AFTER),
    "redirect:https://example.com/?a=b": Fault.redirect("https://example.com/?a=b"),
    "redirect:/login,status=307,after": Fault.redirect("/login", status=307, when=When.AFTER),
    "reset": Fault.reset(),
    "reset:before": Fault.reset(when=When.BEFORE),
    "close": Fault.close(),
    "close:before": Fault.close(when=When.BEFORE),
    "hang": Fault.hang(),
    "hang:before": Fault.hang(when=When.BEFORE),
    "delay:2s": Fault.delay(2.0),
    "drip": Fault.drip(),
    "drip:10ms": Fault.drip(0.01),
    "truncated": Fault.truncated(),
    "truncated:10": Fault.truncated(keep=10),
    "malformed-json": Fault.malformed_json(),
    "malformed_json": Fault.malformed_json(),
    "invalid-utf8": Fault.invalid_utf8(),
    "empty": Fault.empty(),
    "missing-items": Fault.missing_items(),
    "missing-items:0,-2": Fault.missing_items(0, -2),
    "reordered-items": Fault.reordered_items(),
    "duplicated-items": Fault.duplicated_items(),
    "duplicated-items:1": Fault.duplicated_items(1),
    "extra-items": Fault.extra_items(),
    "extra-items:3": Fault.extra_items(3),
    "null-track-ids": Fault.null_track_ids(),
    "bomb": Fault.bomb(),
    "bomb:2MiB": Fault.bomb(2 * MIB),
    "bomb:layers=2": Fault.bomb(layers=2),
    "bomb:4kib,layers=3": Fault.bomb(4096, layers=3),
    "oversized": Fault.oversized(),
    "oversized:5000": Fault.oversized(5000),
    "unencodable:69e5": Fault.unencodable("69e5"),
    "raw-item:69e5": Fault.raw_item("69e5", b"null"),
    "raw-item:69e5,7": Fault.raw_item("69e5", b"7"),
}


@pytest.mark.parametrize(("text", "fault"), WRITTEN.items())
def test_a_text_is_parsed_into_a_fault(text: str, fault: Fault) -> None:
    """The text gives the same fault as the class method of its kind."""
    assert parse_kind(text) == fault


def test_every_kind_has_a_text_form() -> None:
    """Every kind can be used on the command line."""
    assert {parse_kind(text).kind for text in WRITTEN} == set(FaultKind)


def test_every_kind_is_named_after_itself() -> None:
    """A kind's text name is its value with hyphens for underscores, and its required arguments."""
    required = {
        FaultKind.STATUS: ":502",
        FaultKind.REDIRECT: ":/x",
        FaultKind.DELAY: ":1s",
        FaultKind.UNENCODABLE: ":a",
        FaultKind.RAW_ITEM: ":a",
    }
    assert [parse_kind(kind.replace("_", "-") + required.get(kind, "")).kind for kind in FaultKind] == list(FaultKind)


@pytest.mark.parametrize("text", ["", "rest", "reset after", ":after"])
def test_an_unknown_fault_is_refused(text: str) -> None:
    """The error lists the known kinds."""
    with pytest.raises(ValueError) as caught:
        parse_kind(text)
    known = ", ".join(kind.replace("_", "-") for kind in FaultKind)
    assert str(caught.value) == f"unknown fault {text.partition(':')[0]!r}; known are a status such as 502, and {known}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("600", "'600' does not fit here; write 502, 502:after or 429:retry=2, with a status from 200 to 599 that has a body"),
        ("204", "'204' does not fit here; write 502, 502:after or 429:retry=2, with a status from 200 to 599 that has a body"),
        ("429:retry=soon", "'soon' does not fit here; write 502, 502:after or 429:retry=2, with a status from 200 to 599 that has a body"),
        ("reset:later", "'later' does not fit here; write reset, reset:before or reset:after"),
        ("reset:before,after", "'after' does not fit here; write reset, reset:before or reset:after"),
        ("empty:after", "'after' does not fit here; write empty"),
        ("delay", "an argument is missing; write delay:2s or delay:500ms"),
        ("redirect", "an argument is missing; write redirect:https://example.com/ or redirect:/login,status=307,after"),
        ("redirect:x", "'x' does not fit here; write redirect:https://example.com/ or redirect:/login,status=307,after"),
        ("missing-items:a", "'a' does not fit here; write missing-items or missing-items:0,3"),
        ("extra-items:0", "'0' does not fit here; write extra-items or extra-items:2"),
        ("unencodable:,", "'' does not fit here; write unencodable:ID, with the id of an item"),
        ("oversized:5GB", "'5GB' does not fit here; write oversized or oversized:32MiB"),
    ],
)  # fmt: skip
def test_an_invalid_argument_is_named(text: str, message: str) -> None:
    """The error names the argument, and shows the syntax of the fault."""
    with pytest.raises(ValueError) as caught:
        parse_kind(text)
    assert str(caught.value) == message
