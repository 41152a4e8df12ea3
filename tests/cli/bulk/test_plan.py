from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.cli.bulk.commands import CAMPAIGN, FILE, A, B, receivers, write
from tests.cli.conftest import Run
from wikipayam_async.cli.bulk.columns import ColumnMapping
from wikipayam_async.cli.bulk.plan import messages_of
from wikipayam_async.cli.bulk.tables import TableRow
from wikipayam_async.emulator import Emulator
from wikipayam_async.errors import InvalidInputError

MAPPING = ColumnMapping(receiver="mobile", text="hi")


def test_each_row_is_a_message_with_its_columns() -> None:
    """A bad row is one, too, with the reason in words of the file."""
    fault = InvalidInputError("line", rule="expected a JSON object", got="something else")
    rows = [
        TableRow(2, {"mobile": "9120000001", "city": "Qom"}),
        TableRow(3, {"mobile": "12"}),
        TableRow(4, fault=fault),
    ]
    good, bad, broken = messages_of(rows, MAPPING)
    assert (good.message.receiver, good.row, good.error) == (A, 2, None)
    assert good.columns == {"mobile": "9120000001", "city": "Qom"}
    assert (bad.row, bad.message.receiver, bad.columns) == (3, "12", {"mobile": "12"})
    assert str(bad.error).startswith("mobile: expected an Iranian mobile number")
    assert (broken.row, broken.error, broken.columns) == (4, fault, {})


def test_the_file_is_read_once(gateway: Emulator, run: Run) -> None:
    """So it may be a pipe, or be removed once it is planned; a text is rendered once for each row."""
    write(f"{A},hi", f"{B},ho")
    assert run("bulk", FILE, "--yes").code == 0
    Path(FILE).unlink()
    assert run("campaign", "export", CAMPAIGN, "out.jsonl").code == 0
    lines = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["row"], line["message"], line["columns"]) for line in lines] == [
        (2, "hi", {"mobile": A, "text": "hi"}), (3, "ho", {"mobile": B, "text": "ho"}),
    ]  # fmt: skip
    assert receivers(gateway) == [A, B]


def test_columns_with_the_names_of_fields_keep_their_values(gateway: Emulator, run: Run) -> None:
    """In an export a column that is named like one of its fields gets another name."""
    write(f"{A},hi,mine", header="mobile,text,status")
    assert run("bulk", FILE, "--yes").code == 0
    assert run("campaign", "export", CAMPAIGN, "out.csv").code == 0
    with Path("out.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["status (input)"], row["status"]) == ("mine", "accepted")
