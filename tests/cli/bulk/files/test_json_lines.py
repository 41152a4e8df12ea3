from __future__ import annotations

from wikipayam_async.cli.bulk.files.json_lines import open_json_lines
from wikipayam_async.templates.values import BrokenValue, ShownValue


def test_the_first_object_names_the_columns() -> None:
    """Values that are no text have the text that the file has."""
    table = open_json_lines(
        iter(["\n", '{"mobile": 9123456789, "vip": true, "rate": 2.5, "tags": []}\n', '{"x": null}'])
    )
    assert (table.columns, table.is_fixed) == (("mobile", "vip", "rate", "tags"), False)
    assert [(row.number, row.values) for row in table.rows] == [
        (
            2,
            {
                "mobile": 9123456789,
                "vip": "true",
                "rate": ShownValue("2.5", 2.5),
                "tags": BrokenValue("a list or an object"),
            },
        ),
        (3, {"x": ""}),
    ]
