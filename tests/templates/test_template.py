import csv
import io
import pickle
import string
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages import SmsMessage
from wikipayam_async.templates import Rendering, Template, TemplatePreview, messages_from, preview, render
from wikipayam_async.text import count_parts

ROW = {"receiver": "09123456789", "name": "علی", "code": "A12", "نام مشتری": "سارا"}
LONE = "template: expected every brace in a pair around a name, or doubled; got a lone brace at character "
BARE = (
    "template: expected the bare name of a field, of 1 to 64 characters without brackets, dots, '!' and ':'; "
    "got another field at character "
)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("سلام {name}، کد شما {code} است.", "سلام علی، کد شما A12 است."),
        ("{name}", "علی"),
        ("{name}{code}{name}", "علیA12علی"),
        ("سلام { نام مشتری }", "سلام سارا"),
        ("no fields", "no fields"),
        ("{{name}}", "{name}"),
        ("{{{name}}}", "{علی}"),
        ("}}{{", "}{"),
        ("100% %s {name} %(name)s \\1 $name", "100% %s علی %(name)s \\1 $name"),
        ("{name}\n{code} ", "علی\nA12 "),
    ],
)
def test_a_template_and_its_text(template: str, text: str) -> None:
    """Fields are filled in, doubled braces are braces, and everything else is unchanged."""
    assert (render(template, ROW), render(Template(template), ROW)) == (text, text)


@pytest.mark.parametrize(
    ("template", "complaint"),
    [
        ("", "template: expected a text that is not empty; got a string of 0 characters"),
        (None, "template: expected a text that is not empty; got None"),
        (b"hi", "template: expected a text that is not empty; got an object of type bytes"),
        ("hi {", LONE + "3"),
        ("hi }", LONE + "3"),
        ("{name", LONE + "0"),
        ("name}", LONE + "4"),
        ("{name}}", LONE + "6"),
        ("{{name}", LONE + "6"),
        ("{ {name} }", LONE + "0"),
        ("{a{name}", LONE + "0"),
        ("{}", BARE + "0"),
        ("hi {  }", BARE + "3"),
        ("{name.upper}", BARE + "0"),
        ("{name.__class__.__mro__}", BARE + "0"),
        ("{name[0]}", BARE + "0"),
        ("{name!r}", BARE + "0"),
        ("{name:>100}", BARE + "0"),
        ("{name:9999999999}", BARE + "0"),
        ("{na\nme}", BARE + "0"),
        ("{na\x00me}", BARE + "0"),
        ("{" + "x" * 65 + "}", BARE + "0"),
    ],
)
def test_an_invalid_template(template: Any, complaint: str) -> None:
    """Lone braces and all features of format strings are refused with their position and without the text."""
    for make in (Template, lambda text: render(text, ROW), lambda text: messages_from(text, [])):
        with pytest.raises(InvalidInputError) as caught:
            make(template)
        assert str(caught.value) == complaint


@pytest.mark.parametrize(
    "name", ["name", "نام", "نام مشتری", "نام‌خانوادگی", "first-name", "e_mail", "0", "#", "a/b (IRR)", "%s", "x" * 64]
)
def test_names_of_fields(name: str) -> None:
    """Column headers are valid names, in any script, with spaces and half-spaces inside."""
    template = Template(f"<{{ {name} }}>")
    assert (template.fields, template.render({name: "v"})) == ((name,), "<v>")


def test_a_template_knows_its_fields() -> None:
    """Each field is listed once, in the order of the text."""
    assert Template("{b} {a} {{c}} { b }").fields == ("b", "a")


def test_values_are_not_parsed() -> None:
    """A value that looks like a field, an escape or a format is text."""
    row = {"name": "{code}", "code": "{name} {{ %s {0.__class__}"}
    assert render("{name} {code}", row) == "{code} {name} {{ %s {0.__class__}"


def test_values_of_other_types() -> None:
    """Numbers of a spreadsheet are written as people read them."""
    assert render("{a} {b} {c}", {"a": 12.0, "b": 7, "c": Decimal("2.50")}) == "12 7 2.50"


@pytest.mark.parametrize("value", [None, "", "  ", float("nan")])
def test_an_empty_field(value: object) -> None:
    """An empty field is an error unless it has a default."""
    row = {"name": value, "code": 5}
    with pytest.raises(InvalidInputError) as caught:
        render("سلام {name}، {code}", row)
    assert str(caught.value) == "name: expected a value, or a default for the field; got an empty value"
    assert Template("سلام {name}، {code}", defaults={"name": "دوست ما"}).render(row) == "سلام دوست ما، 5"
    assert Template("سلام{name}، {code}", defaults={"name": ""}).render(row) == "سلام، 5"


def test_a_default_is_for_its_field_alone() -> None:
    """A default applies to its field only and is not parsed as a template."""
    template = Template("{name} {code}", defaults={"name": "{code}"})
    assert template.render({"name": None, "code": 1}) == "{code} 1"
    with pytest.raises(InvalidInputError, match=r"^code: "):
        template.render({"name": "x", "code": ""})


@pytest.mark.parametrize(
    ("defaults", "complaint"),
    [
        ({"nmae": "x"}, "defaults: expected only fields of the template; got another name"),
        ({"name": None}, "defaults: expected a mapping of fields to strings; got an object of type dict"),
        ({5: "x"}, "defaults: expected a mapping of fields to strings; got an object of type dict"),
        ("x", "defaults: expected a mapping of fields to strings; got a string of 1 characters with letters"),
    ],
)
def test_bad_defaults(defaults: Any, complaint: str) -> None:
    """A default for an unknown field is refused when the template is created."""
    with pytest.raises(InvalidInputError) as caught:
        Template("{name}", defaults=defaults)
    assert str(caught.value) == complaint


def test_a_row_is_only_read() -> None:
    """A row's `__missing__` is not called, and the row is not changed."""
    row: defaultdict[str, str] = defaultdict(lambda: "made up", code="1")
    with pytest.raises(InvalidInputError) as caught:
        render("{name} {code}", row)
    assert (str(caught.value), dict(row)) == (
        "name: expected the row to have this field; got a row of 1 other fields",
        {"code": "1"},
    )


@pytest.mark.parametrize("row", [None, "name", ["name"], [("name", "x")]])
def test_a_row_of_a_wrong_type(row: Any) -> None:
    """Only a mapping is a row."""
    with pytest.raises(InvalidInputError, match=r"^row: expected a mapping of fields to values; got "):
        render("{name}", row)


def test_reprs_are_masked() -> None:
    """A repr contains neither the text nor the defaults, but the names of defaults."""
    template = Template("secret {name}", defaults={"name": "secret too"})
    assert repr(template) == "Template(text=<13 characters>, defaults=<name>)"
    assert repr(preview(template, [{"name": "علی"}])).count("secret") == 0


def test_a_bad_row_is_not_in_the_locals_of_its_error() -> None:
    """The frames of the traceback do not hold the values of the row."""
    template, rows = Template("{name}"), [{"name": "", "code": "SECRET"}]
    for attempt in (lambda: template.render(rows[0]), lambda: next(messages_from(template, rows))):
        with pytest.raises(InvalidInputError) as caught:
            attempt()
        assert caught.tb.tb_next is not None
        shown: list[str] = []
        trace = caught.tb.tb_next.tb_next  # from here on it is the package's own
        while trace is not None:
            shown += map(repr, trace.tb_frame.f_locals.values())
            trace = trace.tb_next
        assert (len(shown) > 0, [one for one in shown if "SECRET" in one]) == (True, [])


def test_templates_are_values() -> None:
    """Templates compare and hash by their arguments, and can be pickled."""
    template = Template("{name}", defaults={"name": "x"})
    assert {template, Template("{name}", defaults={"name": "x"})} == {template}
    assert template != Template("{name}")
    copy = pickle.loads(pickle.dumps(template))  # noqa: S301 - our own
    assert (copy, copy.render({"name": None})) == (template, "x")


def test_the_defaults_are_a_copy() -> None:
    """Changing the mapping afterwards changes nothing."""
    defaults = {"name": "x"}
    template = Template("{name}", defaults=defaults)
    defaults["name"] = "y"
    assert (template.render({"name": ""}), hasattr(template.defaults, "update")) == ("x", False)
    assert (repr(template.defaults), len(template.defaults)) == ("<name>", 1)


NAMES = st.text("abنم #", min_size=1, max_size=5).map(str.strip).filter(bool)


@given(st.lists(st.tuples(st.text(), NAMES)), st.text(), st.data())
def test_any_text_around_any_fields(pairs: list[tuple[str, str]], end: str, data: st.DataObject) -> None:
    """With its braces doubled any text is rendered unchanged, with every value in place of its field."""
    values = {name: data.draw(st.text(min_size=1).filter(lambda text: not text.isspace())) for _, name in pairs}
    doubled = [(text.replace("{", "{{").replace("}", "}}"), name) for text, name in [*pairs, (end + ".", "")]]
    source = "".join(text + (f"{{{name}}}" if name else "") for text, name in doubled)
    assert render(source, values) == "".join(text + values[name] for text, name in pairs) + end + "."


@given(st.text("{}ab.[]!: \n"))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    """Any text is refused with `InvalidInputError`, or parsed like Python's format strings."""
    try:
        template = Template(text)
    except InvalidInputError:
        return
    cut = [(literal, name) for literal, name, _, _ in string.Formatter().parse(text)]
    values = dict(zip(template.fields, "12345678", strict=False)) | dict.fromkeys(template.fields[8:], "9")
    expected = "".join(literal + ("" if name is None else values[name.strip()]) for literal, name in cut)
    assert template.render(values) == expected


class TestMessagesFrom:
    """`messages_from`: rows to messages."""

    def test_a_table_becomes_messages(self) -> None:
        """Each row of a CSV file gives one message, in order."""
        file = io.StringIO("mobile,name,ref\n09123456789,علی,R1\n+98 935 000 0000,سارا,R2\n")
        found = messages_from(
            "سلام {name}", csv.DictReader(file), receiver_field="mobile", track_id_field="ref", sender="10002000"
        )
        assert list(found) == [
            SmsMessage("09123456789", "سلام علی", sender="10002000", track_id="R1"),
            SmsMessage("+98 935 000 0000", "سلام سارا", sender="10002000", track_id="R2"),
        ]

    def test_a_spreadsheet_becomes_messages(self) -> None:
        """Receivers may be floats, and any column may hold the receiver."""
        rows = [{"تلفن.": 9123456789.0, "n": 3.0}]
        assert list(messages_from(Template("{n}"), rows, receiver_field="تلفن.")) == [SmsMessage("9123456789", "3")]

    @pytest.mark.parametrize(
        ("row", "complaint"),
        [
            ({"receiver": "0912"}, "rows[1].name: expected the row to have this field; got a row of 1 other fields"),
            (
                {"name": "x", "ref": 2},
                "rows[1].receiver: expected the row to have this field; got a row of 2 other fields",
            ),
            (
                ROW | {"receiver": None, "ref": 2},
                "rows[1].receiver: expected a value, or a default for the field; got an empty value",
            ),
            (ROW | {"ref": " "}, "rows[1].ref: expected a value, or a default for the field; got an empty value"),
            (ROW | {"name": 0.5}, "rows[1].name: expected a string, a whole number or a Decimal; got a number (float)"),
        ],
    )
    def test_a_bad_row(self, row: Any, complaint: str) -> None:
        """The error of an invalid row names row and field, and is raised or passed to `on_error`."""
        rows = [ROW | {"ref": "1"}, row, ROW | {"ref": "3"}]
        found = messages_from("{name}", rows, track_id_field="ref")
        assert next(found).track_id == "1"
        with pytest.raises(InvalidInputError) as caught:
            next(found)
        assert str(caught.value) == complaint
        told: list[InvalidInputError] = []
        found = messages_from("{name}", rows, track_id_field="ref", on_error=told.append)
        assert [one.track_id for one in found] == ["1", "3"]
        assert [str(one) for one in told] == [complaint]

    def test_a_row_with_more_cells_than_headers(self) -> None:
        """Its cells may be in the wrong columns, so it is refused, never sent."""
        file = io.StringIO("receiver,name\n09123456789,علی\n09123456780,رضایی,سارا,\n09123456781,مریم\n")
        rows = list(csv.DictReader(file))
        complaint = "expected no more cells than headers; got a row with more cells"
        failed: list[InvalidInputError] = []
        found = messages_from("سلام {name}", rows, on_error=failed.append)
        assert [one.receiver for one in found] == ["09123456789", "09123456781"]
        assert [str(one) for one in (*failed, *preview("سلام {name}", rows).errors)] == [f"rows[1]: {complaint}"] * 2
        with pytest.raises(InvalidInputError, match=f"^rows\\[1\\]: {complaint}"):
            list(messages_from("سلام {name}", rows))
        with pytest.raises(InvalidInputError, match=f"^row: {complaint}"):
            render("سلام {name}", rows[1])

    def test_what_is_swapped_is_refused(self) -> None:
        """Rows and template cannot change places, and the names of the fields are keyword-only."""
        with pytest.raises(InvalidInputError, match=r"^template: "):
            messages_from([ROW], "{name}")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            messages_from("{name}", [ROW], "receiver")  # type: ignore[call-arg]

    def test_nothing_is_read_ahead(self) -> None:
        """Rows are read as the messages are consumed."""
        rows = iter([ROW] * 3)
        next(messages_from("{name}", rows))
        assert len(list(rows)) == 2

    def test_rows_of_a_wrong_type(self) -> None:
        """A single row is refused at once, not when sending begins."""
        with pytest.raises(InvalidInputError, match=r"^rows: expected an iterable of mappings"):
            messages_from("{name}", ROW)  # type: ignore[arg-type]


class TestPreview:
    """`preview`: a summary of all rows."""

    def test_the_shortest_and_the_longest(self) -> None:
        """Both have their index and parts, and the parts of all texts are counted."""
        rows = [{"name": "x" * count} for count in (20, 5, 200, 5, 200, 40)]
        assert preview("hi {name}", iter(rows)) == TemplatePreview(
            rows=6,
            parts=8,
            shortest=Rendering(1, "hi xxxxx", count_parts("hi xxxxx")),
            longest=Rendering(2, "hi " + "x" * 200, count_parts("x" * 203)),
        )

    def test_length_is_measured_in_parts(self) -> None:
        """Forty Persian letters fill more of a part than seventy Latin ones."""
        found = preview("{name}", [{"name": "x" * 70}, {"name": "ن" * 40}, {"name": "x" * 60}])
        assert (found.longest and found.longest.row, found.shortest and found.shortest.row) == (1, 2)
        found = preview("{name}", [{"name": "ن" * 66}, {"name": "x" * 155}])
        assert (found.longest and found.longest.row, found.shortest and found.shortest.row) == (1, 0)

    def test_no_rows(self) -> None:
        """Without rows there is no shortest or longest text."""
        assert preview("{name}", []) == TemplatePreview(0, 0, None, None)

    def test_invalid_rows(self) -> None:
        """Invalid rows are counted, and the first ten errors are kept."""
        rows: list[Any] = [{"name": "a"}, *[{"name": ""}] * 10, {}, "x", {"name": "\ud800"}]
        found = preview("{name}", rows)
        assert (found.rows, found.parts, found.failed, len(found.errors)) == (1, 1, 13, 10)
        assert str(found.errors[0]) == "rows[1].name: expected a value, or a default for the field; got an empty value"

    @pytest.mark.parametrize(
        ("row", "complaint"),
        [
            ({"name": ""}, "rows[0].text: expected a text that is not empty; got a string of 0 characters"),
            ({"name": "\udc00"}, "rows[0].text: expected valid Unicode; got a lone surrogate"),
            (None, "rows[0]: expected a mapping of fields to values; got None"),
        ],
    )
    def test_texts_that_cannot_be_sent(self, row: Any, complaint: str) -> None:
        """Texts that a send would refuse are counted as failed."""
        found = preview(Template("{name}", defaults={"name": ""}), [row])
        assert ([str(error) for error in found.errors], found.rows) == ([complaint], 0)


@given(st.lists(st.text("xن", min_size=1, max_size=200), min_size=1, max_size=8))
def test_a_preview_agrees_with_counting_by_hand(texts: list[str]) -> None:
    """The total is the sum of all texts, and no text has fewer parts than the shortest or more than the longest."""
    found = preview("{t}", [{"t": text} for text in texts])
    parts = [count_parts(text).parts for text in texts]
    assert found.shortest is not None
    assert found.longest is not None
    assert (found.parts, found.shortest.parts.parts, found.longest.parts.parts) == (
        sum(parts),
        min(parts),
        max(parts),
    )
    assert [one.text for one in (found.shortest, found.longest)] == [
        texts[one.row] for one in (found.shortest, found.longest)
    ]


def test_a_footer_stands_below_every_text() -> None:
    """It is part of the messages and of the preview; a text that ends with it has it once."""
    rows = [{"receiver": "09123456789", "n": "۷"}, {"receiver": "09123456789", "n": "لغو۱۱"}]
    found = messages_from("{n}", rows, footer="لغو۱۱")
    assert [one.message for one in found] == ["۷\nلغو۱۱", "لغو۱۱"]
    shown = preview("{n}" + "س" * 65, rows[:1], footer="لغو۱۱")
    assert (shown.parts, shown.longest.text[-6:] if shown.longest else None) == (2, "\nلغو۱۱"[-6:])
