"""The measurements of a run, and their medians, spreads and ratios. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from attrs import field, frozen

__all__ = ["Cell", "Record", "Results", "Spread", "read_results", "write_results"]


@frozen
class Cell:
    """An implementation in a case.

    Attributes:
        section: The section of the suite, for example `single`.
        case: The case, for example `50 tasks`.
        implementation: The implementation.
    """

    section: str
    case: str
    implementation: str


@frozen
class Record:
    """A measurement in a round.

    Attributes:
        cell: The implementation and the case.
        turn: The round, counted from 0.
        figures: The figures by name.
        note: A remark.
        curve: The points of a curve, if one was recorded.
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
        median: The median.
        low: The minimum.
        high: The maximum.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """Return the spread of some values; None if there are none."""
        found = sorted(values)
        return cls(statistics.median(found), found[0], found[-1]) if found else None


@frozen
class Results:
    """The results of a run.

    Attributes:
        profile: `full` or `quick`.
        machine: The facts about the machine.
        records: The measurements in order.
    """

    profile: str
    machine: Mapping[str, str]
    records: Sequence[Record]

    def at(self, cell: Cell) -> list[Record]:
        """Return the measurements of one cell."""
        return [record for record in self.records if record.cell == cell]

    def rounds(self, cell: Cell, figure: str) -> dict[int, float]:
        """Return a figure of a cell by round, without the rounds that lack it."""
        return {record.turn: record.figures[figure] for record in self.at(cell) if figure in record.figures}

    def spread(self, cell: Cell, figure: str) -> Spread | None:
        """Return a figure of a cell over its rounds; None if it was not measured."""
        return Spread.of(self.rounds(cell, figure).values())

    def median(self, cell: Cell, figure: str) -> float | None:
        """Return the median of a figure; None if it was not measured."""
        found = self.spread(cell, figure)
        return None if found is None else found.median

    def ratio(self, cell: Cell, to: Cell, figure: str) -> Spread | None:
        """Return the ratio of two cells, taken within each round so that disturbances of a round cancel out."""
        above, below = self.rounds(cell, figure), self.rounds(to, figure)
        return Spread.of(above[turn] / below[turn] for turn in above if below.get(turn))

    def difference(self, cell: Cell, minus: Cell, figure: str) -> Spread | None:
        """Return the difference of two cells within each round."""
        ours, theirs = self.rounds(cell, figure), self.rounds(minus, figure)
        return Spread.of(ours[turn] - theirs[turn] for turn in ours if turn in theirs)

    def quotient(self, cell: Cell, above: str, below: str) -> Spread | None:
        """Return the ratio of two figures of one cell within each round."""
        over, under = self.rounds(cell, above), self.rounds(cell, below)
        return Spread.of(over[turn] / under[turn] for turn in over if under.get(turn))

    def note(self, cell: Cell) -> str:
        """Return the first remark on a cell; empty if there is none."""
        return next((record.note for record in self.at(cell) if record.note), "")

    def cases(self, section: str) -> list[str]:
        """Return the cases of a section, in the order of their first measurement."""
        return list(dict.fromkeys(record.cell.case for record in self.records if record.cell.section == section))

    def implementations(self, section: str, case: str) -> list[str]:
        """Return the implementations measured in a case."""
        cells = [record.cell for record in self.records]
        return list(
            dict.fromkeys(cell.implementation for cell in cells if (cell.section, cell.case) == (section, case))
        )


_decode = msgspec.json.Decoder(Results).decode


def write_results(results: Results) -> str:
    """Encode results as JSON, one line per measurement, with figures rounded to six digits."""
    head = msgspec.json.encode({"profile": results.profile, "machine": dict(results.machine)}).decode()
    lines = ",\n".join(msgspec.json.encode(_rounded(record)).decode() for record in results.records)
    return f'{head[:-1]},"records":[\n{lines}\n]}}\n'


def _rounded(record: Record) -> Record:
    figures = {name: _six_digits(value) for name, value in record.figures.items()}
    curve = [(at, _six_digits(value)) for at, value in record.curve]
    return Record(record.cell, record.turn, figures, record.note, curve)


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")


def read_results(text: str) -> Results:
    """Decode results."""
    return _decode(text)
