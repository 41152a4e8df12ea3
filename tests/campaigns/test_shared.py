"""The names by which processes find what they share."""

from __future__ import annotations

from wikipayam_async.campaigns import MemoryJournal
from wikipayam_async.campaigns.shared import SharedJournal, queue_of
from wikipayam_async.integrations.procrastinate import PostgresJournal


def test_every_account_line_and_prefix_has_a_queue_of_its_own() -> None:
    """The name of the queue says nothing about them."""
    queues = [
        queue_of(*key) for key in [(7, "1000", "/api"), (8, "1000", "/api"), (7, "1001", "/api"), (7, "1000", "")]
    ]
    queues += [queue_of(None, None, "/api")]
    assert len(set(queues)) == 5
    assert queue_of(7, "1000", "/api") == queues[0]
    assert {len(queue) for queue in queues} == {26}


def test_a_shared_journal_is_recognized_by_its_methods() -> None:
    """Those of one writer lack them."""
    journal = PostgresJournal("postgresql://nowhere", "eid")
    assert (isinstance(journal, SharedJournal), isinstance(MemoryJournal(), SharedJournal)) == (True, False)
