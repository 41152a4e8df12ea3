from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wikipayam_async.cli.output import Output
from wikipayam_async.cli.streams import TextStream


@pytest.fixture
def pipe() -> Iterator[io.TextIOWrapper]:
    """The writing end of a closed pipe, in ASCII."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="ascii") as stream:
        yield stream


def test_a_closed_pipe_raises_nothing(pipe: io.TextIOWrapper) -> None:
    """A closed pipe is written in UTF-8, and closing it afterwards raises nothing."""
    output = Output(json=True, stdout=pipe)
    output.emit("سلام")
    assert (pipe.encoding, output.closed) == ("utf-8", True)


def test_an_ascii_terminal_gets_question_marks(tmp_path: Path) -> None:
    """A stderr that cannot encode Persian gets question marks and no error."""
    with (tmp_path / "err").open("w", encoding="ascii") as stream:
        Output(stderr=stream).say("سلام")
    assert (tmp_path / "err").read_text(encoding="ascii") == "????\n"


def test_a_stream_that_breaks_drops_its_output(pipe: io.TextIOWrapper) -> None:
    """Nothing is raised, and it is no terminal any more; without a stream everything is dropped."""
    stream = TextStream(pipe)
    assert (stream.encoding, stream.is_lost) == ("ascii", False)
    assert stream.write("text\n") == len("text\n")
    stream.flush()
    assert (stream.is_lost, stream.isatty()) == (True, False)
    assert TextStream(None).write("text") == len("text")
    assert (TextStream(None).encoding, TextStream(None).is_lost) == ("utf-8", True)
