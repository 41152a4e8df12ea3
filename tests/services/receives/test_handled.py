import pytest

from wikipayam_async.services.receives.handled import HandledMessages


def handled(*ids: str) -> HandledMessages:
    """Return the memory of handled messages that are not marked yet."""
    memory = HandledMessages()
    for id_ in ids:
        assert memory.take(id_)
        memory.add(id_)
    return memory


def test_a_message_is_taken_once() -> None:
    """A message in hand, a handled one and a marked one are not taken again; one that was put back is."""
    memory = handled("a")
    assert (memory.take("a"), memory.take("b"), memory.take("b")) == (False, True, False)
    memory.put_back("b")
    memory.marked(["a"])
    assert (memory.take("a"), memory.take("b"), "a" in memory, "z" in memory) == (False, True, True, False)


def test_the_first_attempt_to_mark_is_due_at_once() -> None:
    """A handled message is due to be marked; while nothing failed, it is no trouble."""
    memory = handled("a", "b")
    assert memory.due(0.0) == (["a", "b"], [])
    assert (memory.unmarked, memory.parked, memory.is_stuck) == ((), (), False)
    memory.marked(["a"])
    assert memory.due(0.0) == (["b"], [])


def test_failed_attempts_pause() -> None:
    """After a failure a message is due later, at least after the time that the gateway asks for; three make it stuck."""
    memory = handled("a", "b")
    memory.failed(["a"], 0.0, 1.0)
    memory.failed(["b"], 0.0, 1.0, at_least=30.0)
    assert (memory.due(1.9), memory.due(2.0), memory.due(30.0)) == (([], []), (["a"], []), (["a", "b"], []))
    assert (memory.unmarked, memory.is_stuck) == (("a", "b"), False)
    memory.failed(["a"], 2.0, 1.0)
    memory.failed(["a"], 6.0, 1.0)
    assert memory.is_stuck
    memory.failed(["of another"], 0.0, 1.0)
    assert memory.unmarked == ("a", "b")


def test_separate_requests() -> None:
    """Messages that may be what the gateway fails at are due in requests of their own; others can be postponed."""
    memory = handled("a", "b", "c")
    memory.separate(["b", "c"])
    assert memory.due(0.0) == (["a"], ["b", "c"])
    memory.postpone(["c"], 0.0, 5.0)
    assert (memory.due(4.0), memory.due(5.0)) == ((["a"], ["b"]), (["a"], ["b", "c"]))


def test_a_refused_message_is_parked_until_it_is_gone() -> None:
    """A refused message is tried again after an hour, and is settled once the whole list does not contain it."""
    memory = handled("a", "b")
    memory.refuse("a", 0.0)
    assert [*memory.parked, *memory.unmarked, memory.is_stuck] == ["a", "a", True]
    assert (memory.due(3599.0), memory.due(3600.0)) == ((["b"], []), (["b"], ["a"]))
    memory.note_absent({"a"})
    assert [*memory.parked] == ["a"]
    memory.note_absent(set())
    assert [*memory.parked, *memory.unmarked] == []
    assert (memory.is_stuck, "a" in memory, "b" in memory) == (False, True, True)
    assert memory.due(1e6) == (["b"], [])


def test_a_parked_message_that_is_marked_after_all() -> None:
    """If the gateway accepts a parked message later, it is settled."""
    memory = handled("a")
    memory.refuse("a", 0.0)
    memory.marked(["a"])
    assert (memory.parked, memory.unmarked, memory.due(1e6), "a" in memory) == ((), (), ([], []), True)


def test_a_marked_message_that_is_listed_is_marked_again() -> None:
    """A message that is listed after it was marked is due again after pauses that grow each time."""
    memory = handled("a")
    memory.marked(["a"])
    assert (memory.note_listed(["a", "z"], 0.0, 1.0), memory.due(1.9), memory.due(2.0)) == (
        ["a"],
        ([], []),
        (["a"], []),
    )
    assert memory.note_listed(["a"], 1.0, 1.0) == []
    memory.marked(["a"])
    assert (memory.unmarked, memory.due(50.0)) == (("a",), ([], []))
    assert (memory.note_listed(["a"], 50.0, 1.0), memory.due(53.9), memory.due(54.0)) == (["a"], ([], []), (["a"], []))
    memory.marked(["a"])
    memory.note_absent(set())
    assert (memory.unmarked, memory.is_stuck) == ((), False)
    assert (memory.note_listed(["a"], 60.0, 1.0), memory.due(67.9), memory.due(68.0)) == (["a"], ([], []), (["a"], []))


def test_a_refused_message_that_was_listed_again_is_marked_after_all() -> None:
    """Once the gateway accepts it, it is no trouble, until it is listed once more."""
    memory = handled("a")
    memory.marked(["a"])
    assert memory.note_listed(["a"], 0.0, 1.0) == ["a"]
    memory.refuse("a", 2.0)
    assert (memory.parked, memory.is_stuck) == (("a",), True)
    memory.marked(["a"])
    assert (memory.parked, memory.is_stuck, memory.unmarked) == ((), False, ("a",))


def test_a_short_interval_gives_a_short_pause() -> None:
    """Unless the gateway asks for another one."""
    memory = handled("a", "b")
    memory.failed(["a"], 0.0, 0.1)
    memory.failed(["b"], 0.0, 0.1, at_least=0.5)
    assert [memory.due(now)[0] for now in (0.19, 0.2, 0.49, 0.5)] == [[], ["a"], ["a"], ["a", "b"]]


def test_a_message_that_was_marked_elsewhere() -> None:
    """It counts as handled, although it was not handled here."""
    memory = handled()
    memory.marked(["a"])
    assert ("a" in memory, memory.take("a"), memory.due(0.0)) == (True, False, ([], []))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the settled messages the last ones are remembered; of those that are not marked, all."""
    monkeypatch.setattr("wikipayam_async.services.receives.handled._MAX_SETTLED", 3)
    memory = handled(*"abcdefgh")
    memory.marked("cdefgh")
    assert [id_ for id_ in "abcdefgh" if id_ in memory] == ["a", "b", "f", "g", "h"]
