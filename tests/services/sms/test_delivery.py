from __future__ import annotations

import pickle
from typing import Any

import pytest
from rich.pretty import pretty_repr

from wikipayam_async import Delivery, DeliveryReport, DeliveryStatus, SentMessage
from wikipayam_async.services.sms.delivery import FINAL_STATES, read_statuses, report_of

WAITING, SENT, DELIVERED = DeliveryStatus.WAITING_FOR_UPDATE, DeliveryStatus.SENT, DeliveryStatus.DELIVERED
EXPIRED = DeliveryStatus.EXPIRED
KNOWN = {
    "a": Delivery("a", DELIVERED, "T"),
    "b": Delivery("b", EXPIRED),
    "c": Delivery("c", SENT),
    "d": Delivery("d", DELIVERED),
}


class TestAnswers:
    """Reading the gateway's answer."""

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            ([], []),
            (None, []),
            ("odd", []),
            (7, []),
            ({}, []),
            ([None, 7, "x", [], {}, {"id": None}, {"id": ""}, {"deliver_status": "SENT"}], []),
            ({"id": "a", "deliver_status": "SENT"}, [Delivery("a", SENT)]),
            ([{"id": 7, "deliver_status": "delivered "}], [Delivery("7", DELIVERED)]),
            ([{"id": "a"}], [Delivery("a", DeliveryStatus(""))]),
            ([{"id": "a", "deliver_status": None}], [Delivery("a", DeliveryStatus(""))]),
            (
                [{"id": "a", "deliver_status": "SENT", "cost": 3}],
                [Delivery("a", SENT, extra={"cost": 3})],
            ),
            (
                [{"id": "a", "deliver_status": ["SENT"]}],
                [Delivery("a", DeliveryStatus(""), extra={"deliver_status": ["SENT"]})],
            ),
            ([{"id": "a", "deliver_status": "SENT", "track_id": 12}], [Delivery("a", SENT, "12")]),
        ],
    )
    def test_odd_answers(self, data: Any, expected: list[Delivery]) -> None:
        """An answer of any shape gives the statuses that can be read."""
        assert read_statuses(data) == expected


class TestStates:
    """The status words."""

    def test_unknown_words(self) -> None:
        """An unknown word is kept and is never final."""
        word = DeliveryStatus("Handed-To-Operator")
        assert (str(word), word.known, word.final) == ("Handed-To-Operator", False, False)

    def test_known_words(self) -> None:
        """Known words are members in any case and with spaces; some are final."""
        assert DeliveryStatus(" delivered ") is DELIVERED
        assert {state for state in DeliveryStatus if state.final} == FINAL_STATES
        assert (WAITING.final, SENT.final, DELIVERED.final) == (False, False, True)

    @pytest.mark.parametrize(
        ("written", "status", "final"),
        [
            ("Black-List", DeliveryStatus.BLACKLISTED, True),
            ("in blacklist", DeliveryStatus.BLACKLISTED, True),
            ("BLOCKED", DeliveryStatus.BLOCKED, True),
            ("wrong number", DeliveryStatus.INVALID_NUMBER, True),
            ("invalid-number", DeliveryStatus.INVALID_NUMBER, True),
            ("Cancelled", DeliveryStatus.CANCELED, True),
            ("refunded", DeliveryStatus.CANCELED, True),
            ("NOT_DELIVERED", DeliveryStatus.UNDELIVERED, False),
            ("undelivered", DeliveryStatus.UNDELIVERED, False),
            ("queued", DeliveryStatus.QUEUED, False),
            ("InvalidNumber", DeliveryStatus.INVALID_NUMBER, True),
            ("notDelivered", DeliveryStatus.UNDELIVERED, False),
            ("waitingForUpdate", DeliveryStatus.WAITING_FOR_UPDATE, False),
            ("\u200fblack\u200clist.", DeliveryStatus.BLACKLISTED, True),
        ],
    )
    def test_the_words_of_other_gateways(self, written: str, status: DeliveryStatus, final: bool) -> None:
        """Other spellings are the members; what was not delivered so far may still arrive."""
        assert DeliveryStatus(written) is status
        assert status.final is final

    @pytest.mark.parametrize("written", ["11", "BLACK", "UNDELIVERED_YET", "in roaming", "FAILED بعدا", "\u200c"])
    def test_a_word_that_only_resembles_one_stays_unknown(self, written: str) -> None:
        """It is kept as it was written, and is not final."""
        word = DeliveryStatus(written)
        assert (str(word), word.known, word.final) == (written, False, False)

    def test_a_word_is_a_string(self) -> None:
        """Anything else is no status."""
        with pytest.raises(ValueError, match="5 is not a valid DeliveryStatus"):
            DeliveryStatus(5)  # type: ignore[arg-type] # meant


class TestReport:
    """`DeliveryReport`: deliveries by id, and their counts."""

    def test_the_report_of_ids(self) -> None:
        """The deliveries and the pending ids are in the order of the ids; unknown ids are pending."""
        report = report_of(["x", "d", "c", "a", "b"], KNOWN, FINAL_STATES)
        assert report == DeliveryReport((KNOWN["d"], KNOWN["c"], KNOWN["a"], KNOWN["b"]), ("x", "c"))
        assert (list(report), len(report)) == ([KNOWN["d"], KNOWN["c"], KNOWN["a"], KNOWN["b"]], 4)
        assert (report.delivered, report.failed) == ((KNOWN["d"], KNOWN["a"]), (KNOWN["b"],))
        assert (report.complete, report.pending) == (False, ("x", "c"))

    def test_a_delivery_by_id(self) -> None:
        """An id, or an object with it, finds the delivery; another id raises `KeyError`, or gives None by `get`."""
        report = report_of(["a", "x"], KNOWN, FINAL_STATES)
        sent = SentMessage("a")
        assert (report["a"], report[sent], report.get("a"), report.get(sent)) == (KNOWN["a"],) * 4
        assert (report.get("x"), report.get(SentMessage("b"))) == (None, None)
        assert ("a" in report, sent in report, KNOWN["a"] in report, "x" in report) == (True, True, True, False)
        with pytest.raises(KeyError, match="x"):
            report["x"]

    @pytest.mark.parametrize("value", [None, 5, b"a", [], SentMessage("")])
    def test_what_is_no_id(self, value: Any) -> None:
        """It is not in the report: `KeyError`, None by `get`, False by `in`."""
        report = report_of(["a", "x"], KNOWN, FINAL_STATES)
        assert (value in report, report.get(value)) == (False, None)
        with pytest.raises(KeyError):
            report[value]

    def test_other_final_states(self) -> None:
        """A status that only the caller calls final is neither pending, delivered nor failed."""
        report = report_of(["c"], KNOWN, frozenset({SENT}))
        assert (report.complete, report.delivered, report.failed, report["c"].status) == (True, (), (), SENT)

    def test_receivers_of_no_advertising(self) -> None:
        """They have failed, and are named; what may still arrive is pending, and not failed."""
        words = {"a": "BLACKLISTED", "b": "BLOCKED", "c": "UNDELIVERED", "d": "EXPIRED", "e": "DELIVERED"}
        known = {id_: Delivery(id_, DeliveryStatus(word)) for id_, word in words.items()}
        report = report_of(list(words), known, FINAL_STATES)
        assert [one.id for one in report.blacklisted] == ["a", "b"]
        assert [one.id for one in report.failed] == ["a", "b", "d"]
        assert ([one.id for one in report.undelivered], report.pending) == (["c"], ("c",))

    def test_its_repr(self) -> None:
        """The repr and the summary have only the counts."""
        report = report_of(["x", "d", "c", "a", "b"], KNOWN, FINAL_STATES)
        assert report.summary() == "5 messages: 2 delivered, 1 failed, 2 pending"
        assert repr(report) == "<DeliveryReport 5 messages: 2 delivered, 1 failed, 2 pending>"
        assert repr(DeliveryReport()) == "<DeliveryReport 0 messages: 0 delivered, 0 failed, 0 pending>"
        assert "_index" not in pretty_repr(report)

    def test_reports_are_values(self) -> None:
        """Reports are equal by value, hashable, and can be pickled."""
        report, same = (report_of(["a", "c"], KNOWN, FINAL_STATES) for _ in range(2))
        assert len({report, same}) == 1
        copy = pickle.loads(pickle.dumps(report))  # noqa: S301 - made here
        assert (copy, copy["a"]) == (report, KNOWN["a"])
