from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.core.quotes import (
    field_errors,
    is_failure,
    page_text,
    plain_text,
    quote_answer,
    whole_answer,
    without_items,
)


def plain(text: str) -> str:
    """Quote a text unchanged."""
    return text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"success": False, "message": "No credit."}, "No credit."),
        ({"status": "error", "error": "Line is blocked."}, "Line is blocked."),
        ({"error": {"code": 12, "message": "No credit."}}, "No credit.; code 12"),
        ({"message": "Bad.", "errors": {"0.receiver": ["is invalid", "is short"]}}, "Bad.; 0.receiver: is invalid; 0.receiver: is short"),
        ({"errors": ["first", {"detail": "second"}]}, "first; second"),
        ({"errors": "all"}, "all"),
        ({"data": {"message": "Not now."}}, "Not now."),
        ({"data": [{"id": "1", "message": "sent"}, {"id": None, "message": "blocked"}, 5]}, "blocked"),
        ({"data": [{"error": "a"}, {"error": "a"}]}, "a"),
        ([{"error": "listed"}], "listed"),
        (" ERROR ", "ERROR"),
        ({"code": "E12"}, "code E12"),
        ({"message": "a", "error": "b", "detail": "c", "description": "d", "reason": "e", "code": 1}, "a; b; c; d; e"),
        ({"message": None, "error": True, "code": True, "errors": {"x": 5}}, ""),
        ({"message": " "}, ""),
        ({"code": 0}, ""),
        ({"error": {"error": {"error": {"error": {"error": "too deep"}}}}}, ""),
        ([[[["deep enough"]]]], "deep enough"),
        ([[[[["too deep"]]]]], ""),
        ({"errors": {**{str(number): [] for number in range(999)}, "late": "x"}}, "late: x"),
        ({"errors": {**{str(number): [] for number in range(1000)}, "too late": "x"}}, ""),
        ({"data": []}, ""),
        ([], ""),
        (None, ""),
        (7, ""),
    ],
)  # fmt: skip
def test_the_texts_of_an_answer(value: object, text: str) -> None:
    """Messages, errors and codes are quoted in order, each once and five at most; items with an id are not."""
    assert quote_answer(value, plain) == text


def test_a_text_is_scrubbed_as_a_whole() -> None:
    """The texts are joined before they are scrubbed, and nothing is scrubbed if there is none."""
    seen: list[str] = []

    def scrub(text: str) -> str:
        seen.append(text)
        return "clean"

    assert (quote_answer({"message": "a", "error": "b"}, scrub), quote_answer({}, scrub)) == ("clean", "")
    assert seen == ["a; b"]


@pytest.mark.parametrize(
    "value",
    [
        {"success": False},
        {"success": "false", "data": {"id": "1"}},
        {"ok": False, "data": []},
        {"successful": False},
        {"status": "error"},
        {"status": " FAILED "},
        {"status": False},
        {"state": "failure"},
        {"result": "error"},
        {"status": 422, "message": "x"},
        {"status": 400},
        {"status": 599},
        {"error": "x"},
        {"error": {"code": 1}, "data": None},
        {"errors": {"a": ["b"]}},
        {"data": {"success": False, "message": "x"}},
    ],
)
def test_an_answer_that_reports_a_failure(value: object) -> None:
    """A flag, a word, a status code or an error without data says that the request failed."""
    assert is_failure(value, data_counts=False)


@pytest.mark.parametrize(
    "value",
    [
        {"success": True},
        {"success": 1, "status": "ok"},
        {"status": 200},
        {"status": "success", "error": None, "errors": []},
        {"status": True},
        {"status": None, "state": [], "result": {}},
        {"error": "a warning", "data": [{"id": "1"}]},
        {"data": {"errors": 3, "status": "failed"}},
        {"success": None},
        {"status": 399},
        {"status": 600},
        {},
        [{"success": False}],
        "ERROR",
        None,
    ],
)
def test_an_answer_that_reports_no_failure(value: object) -> None:
    """Other words, and errors beside data, are left to the reader of the answer."""
    assert not is_failure(value, data_counts=False)


def test_data_outweigh_what_stands_beside_them() -> None:
    """Where they count; a flag within the data counts in any case."""
    beside: Any = {"status": "error", "data": {"id": "1"}}
    within: Any = {"data": {"success": False, "id": "1"}}
    assert [is_failure(beside, data_counts=counts) for counts in (True, False)] == [False, True]
    assert [is_failure(within, data_counts=counts) for counts in (True, False)] == [True, True]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"ERROR 12: no credit\n", "ERROR 12: no credit"),
        (b"EXCEEDED X", "EXCEEDED X"),
        (b"\xef\xbb\xbfERROR", "ERROR"),
        ("خطا".encode(), "خطا"),
        (b"<html>", ""),
        (b'{"message": "cut', ""),
        (b"[1", ""),
        (b"a\\u0631", ""),
        (b"a\x00", ""),
        (b"\xff", ""),
        (b"x" * 300, "x" * 300),
        (b"x" * 301, ""),
        (b"", ""),
    ],
)
def test_a_body_of_plain_text(body: bytes, text: str) -> None:
    """Only a short text without markup, escapes or JSON can be quoted."""
    assert plain_text(body) == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["message", "errors", "error", "data", "code", "id", "success"]), inner)
        ),
        max_leaves=20,
    )
)
def test_any_value_can_be_quoted(value: Any) -> None:
    """No JSON value makes the functions raise."""
    assert isinstance(quote_answer(value, plain), str)
    assert isinstance(is_failure(value, data_counts=True), bool)
    assert isinstance(field_errors(value, plain), dict)


def test_the_errors_of_fields_are_bounded() -> None:
    """A thousand fields with twenty texts each are kept; paths keep their index and are scrubbed behind it."""
    huge = {f"{number}.receiver": ["bad"] * 30 for number in range(2000)}
    found = field_errors(huge, lambda text: text.upper())
    assert (len(found), found["7.RECEIVER"]) == (1000, ("BAD",) * 20)


def test_a_path_keeps_its_index_whatever_is_masked() -> None:
    """The index of a message may equal a track id; five digits are one at most."""
    raw = {"7.code7": ["bad 7"], "7": "it 7", "77777.x": [7], "777777.x": [], "receiver7": "no", 7: "x"}
    assert field_errors(raw, lambda text: text.replace("7", "*")) == {
        "7.code*": ("bad *",),
        "7": ("x",),
        "77777.x": (),
        "******.x": (),
        "receiver*": ("no",),
    }


FIELDS = (
    "code", "data", "description", "detail", "error", "error_code", "error_description", "error_message", "errors",
    "exception", "message", "ok", "reason", "result", "state", "status", "status_code", "success", "successful",
)  # fmt: skip
"""The fields of a failure."""


@pytest.mark.parametrize(
    ("value", "without", "whole"),
    [
        ({"success": False, "message": "No credit."},) * 3,
        ({"message": "a text", "sender": "1"}, None, "..."),
        ({"data": [{"message": "a text", "sender": "1"}]}, {"data": [None]}, {"data": ["..."]}),
        ({"data": [{"id": None, "track_id": "a"}]}, {"data": [None]}, {"data": [{"id": None, "track_id": "a"}]}),
        ({"errors": [1, 2, 3, 4]}, {"errors": [1, 2, 3, 4]}, {"errors": [1, 2, 3]}),
        ({"errors": {"0.receiver": ["bad"]}}, {"errors": {"0.receiver": ["bad"]}}, {"errors": "..."}),
        ({"error": {"0.receiver": "bad"}}, {"error": None}, {"error": "..."}),
        ([{"message": "No."}, 5, {"sender": "1"}], [{"message": "No."}, 5, None], [{"message": "No."}, 5, "..."]),
        (dict.fromkeys(FIELDS, 1),) * 3,
        (dict.fromkeys([*FIELDS, "id"], 1), None, dict.fromkeys([*FIELDS, "id"], 1)),
        (dict.fromkeys([*FIELDS, "id", "track_id"], 1), None, dict.fromkeys([*FIELDS, "id", "track_id"], 1)),
        (0, 0, 0),
        ([[[[[[[1]]]]]]], [[[[[None]]]]], [[[[["..."]]]]]),
    ],
)
def test_an_answer_is_quoted_without_messages(value: object, without: object, whole: object) -> None:
    """An object that may be somebody's message is left out of what is quoted; of a send, its place is shown."""
    assert (without_items(value), whole_answer(value)) == (without, whole)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"<html><style>a{}</style><body><b>Down</b>\n for now</body></html>", "Down for now"),
        (b" ", ""),
        (b"\xef\xbb\xbf", ""),
        (b"ERROR \xff", "ERROR \ufffd"),
    ],
)
def test_a_page_is_quoted_without_its_tags(body: bytes, text: str) -> None:
    """Of an HTML page only the text remains."""
    assert page_text(body) == text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"success": False, "message": "No credit.", "request": 5}, "No credit."),
        ({"message": "somebody's", "sender": "1000", "error": "blocked"}, "blocked"),
        ({"data": [{"message": "somebody's", "read": 0, "error": "blocked"}]}, "blocked"),
        ({"data": {"message": "Closed."}}, "Closed."),
        ([{"message": "somebody's", "read": 0, "error": "blocked"}], "blocked"),
        ({"data": {**dict.fromkeys([*FIELDS, "id", "track_id"]), "message": "Closed."}}, "Closed."),
    ],
)
def test_the_message_of_an_item_is_not_what_the_gateway_says(value: object, said: str) -> None:
    """In an item, `message` is somebody's text; in the envelope of an answer it is the gateway's own."""
    assert quote_answer(value, str) == said
