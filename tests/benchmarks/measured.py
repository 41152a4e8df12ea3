"""What was measured, round by round, and what follows from it: medians, spreads, and ratios. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from attrs import field, frozen

__all__ = ["Book", "Cell", "Record", "Spread", "read_book", "write_book"]


@frozen
class Cell:
    """Who was measured at what.

    Attributes:
        section: The part of the suite, as `single`.
        case: The circumstances, as `50 tasks`.
        contender: Who.
    """

    section: str
    case: str
    contender: str


@frozen
class Record:
    """One measurement.

    Attributes:
        cell: Who at what.
        turn: The round, counted from 0.
        figures: What was measured, by name.
        note: What a reader has to know of it.
        curve: Points of a line, where one was followed.
    """

    cell: Cell
    turn: int
    figures: Mapping[str, float] = field(factory=dict)
    note: str = ""
    curve: Sequence[tuple[float, float]] = ()


@frozen
class Spread:
    """A figure over several rounds.

    Attributes:
        median: The one in the middle.
        low: The least.
        high: The most.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """Sum up some values; None if there are none."""
        found = sorted(values)
        return cls(statistics.median(found), found[0], found[-1]) if found else None


@frozen
class Book:
    """Everything that was measured.

    Attributes:
        profile: How thoroughly: `full` or `quick`.
        machine: What it was measured on.
        records: The measurements, in the order they were made.
    """

    profile: str
    machine: Mapping[str, str]
    records: Sequence[Record]

    def at(self, cell: Cell) -> list[Record]:
        """Return the measurements of one cell."""
        return [record for record in self.records if record.cell == cell]

    def rounds(self, cell: Cell, figure: str) -> dict[int, float]:
        """Return a figure of a cell by round; rounds that do not have it are left out."""
        return {record.turn: record.figures[figure] for record in self.at(cell) if figure in record.figures}

    def spread(self, cell: Cell, figure: str) -> Spread | None:
        """Return a figure of a cell over its rounds; None if it was not measured."""
        return Spread.of(self.rounds(cell, figure).values())

    def median(self, cell: Cell, figure: str) -> float | None:
        """Return the median of a figure; None if it was not measured."""
        found = self.spread(cell, figure)
        return None if found is None else found.median

    def ratio(self, cell: Cell, to: Cell, figure: str) -> Spread | None:
        """Compare two cells: the ratio is taken within each round, so that what disturbs a whole round cancels out."""
        above, below = self.rounds(cell, figure), self.rounds(to, figure)
        return Spread.of(above[turn] / below[turn] for turn in above if below.get(turn))

    def difference(self, cell: Cell, minus: Cell, figure: str) -> Spread | None:
        """Compare two cells by what the first has more, within each round."""
        ours, theirs = self.rounds(cell, figure), self.rounds(minus, figure)
        return Spread.of(ours[turn] - theirs[turn] for turn in ours if turn in theirs)

    def quotient(self, cell: Cell, above: str, below: str) -> Spread | None:
        """Compare two figures of one cell, within each round."""
        over, under = self.rounds(cell, above), self.rounds(cell, below)
        return Spread.of(over[turn] / under[turn] for turn in over if under.get(turn))

    def note(self, cell: Cell) -> str:
        """Return the first thing that is to be known of a cell; nothing if there is none."""
        return next((record.note for record in self.at(cell) if record.note), "")

    def cases(self, section: str) -> list[str]:
        """Return the cases of a section, in the order they were measured first."""
        return list(dict.fromkeys(record.cell.case for record in self.records if record.cell.section == section))

    def contenders(self, section: str, case: str) -> list[str]:
        """Return who was measured in a case."""
        cells = [record.cell for record in self.records]
        return list(dict.fromkeys(cell.contender for cell in cells if (cell.section, cell.case) == (section, case)))


_decode = msgspec.json.Decoder(Book).decode


def write_book(book: Book) -> str:
    """Write everything as JSON, a line for each measurement; six digits are more than the measurement has."""
    head = msgspec.json.encode({"profile": book.profile, "machine": dict(book.machine)}).decode()
    lines = ",\n".join(msgspec.json.encode(_rounded(record)).decode() for record in book.records)
    return f'{head[:-1]},"records":[\n{lines}\n]}}\n'


def _rounded(record: Record) -> Record:
    figures = {name: _six_digits(value) for name, value in record.figures.items()}
    curve = [(at, _six_digits(value)) for at, value in record.curve]
    return Record(record.cell, record.turn, figures, record.note, curve)


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")


def read_book(text: str) -> Book:
    """Read what `write_book` wrote."""
    return _decode(text)
