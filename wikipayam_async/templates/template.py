"""Message templates: a text with fields, and a row of values for each message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from types import MappingProxyType

from attrs import Factory, field, frozen

from wikipayam_async.checks import without_frames
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.messages.footer import Footer, footer_of
from wikipayam_async.messages.models import SmsMessage, check_text
from wikipayam_async.redact.masks import mask_mapping, mask_text, shape_of
from wikipayam_async.templates.messages import RenderedRow, TemplateMessages, rendered_rows
from wikipayam_async.templates.parsing import ParsedTemplate, parse_template
from wikipayam_async.templates.rows import Row, RowErrorHandler, check_row, each_row, plain_columns, value_of
from wikipayam_async.text.parts import SmsParts, count_parts

__all__ = ["Rendering", "Template", "TemplatePreview", "messages_from", "preview", "render"]

_MAX_ERRORS = 10


class _Defaults(Mapping[str, str]):
    """The texts for empty fields, unchangeable. Their `repr` shows only the names."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __repr__(self) -> str:
        return mask_mapping(self._texts)


def _check_defaults(given: object) -> Mapping[str, str]:
    if not isinstance(given, Mapping) or not all(isinstance(one, str) for pair in given.items() for one in pair):
        raise InvalidInputError("defaults", rule="expected a mapping of fields to strings", got=shape_of(given))
    return _Defaults(given)


@frozen
class Template:
    """A message text with fields, as in `سلام {name}`. It is parsed once and renders any number of rows.

    A field is a name in braces; spaces around the name are ignored. A name may be any column header, in any script and
    with spaces inside, of 1 to 64 characters without braces, brackets, dots, `!`, `|` and `:`. `{{` and `}}` are
    literal braces. A field is only looked up in the row by its name: no attributes or indexes. Braces in a value are text.

    A field may have formats, as in `{amount|thousands|persian}`:

    - `thousands` (or `هزارگان`) separates the thousands of a number: `1,250,000`;
    - `toman` (or `تومان`) writes an amount in rials in tomans: `125,000` for 1250000 rials; the unit is yours to write;
    - `persian` (or `فارسی`) writes Persian digits, and the Persian separators of a number: `۱٬۲۵۰٬۰۰۰`;
    - `jalali` (or `شمسی`) writes a day in the Jalali calendar: `1403/01/15`. It takes what `parse_day` takes and needs
      the extra `jalali`.

    Values are strings, whole numbers and `Decimal`; a whole float, as in spreadsheets, is written without its decimal
    point. Any other float, and a date, needs a format; convert any other value to a string yourself. An empty field (None,
    NaN, an empty string or only whitespace) is an error unless it has a default.

    Attributes:
        text: The text with its fields.
        defaults: The texts for empty fields, by name; `{"name": ""}` omits the field. A row that lacks the field is
            still an error: its header is probably misspelt.

    Raises:
        InvalidInputError: The text is empty, has a lone brace, an invalid name or an unknown format.
        ConfigurationError: The format `jalali` needs the package `jdatetime`, which is not installed.
    """

    text: str = field(repr=mask_text)
    defaults: Mapping[str, str] = field(
        factory=dict, converter=_check_defaults, kw_only=True, hash=False, repr=mask_mapping
    )
    _parsed: ParsedTemplate = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda template: parse_template(template.text, template.defaults), takes_self=True),
    )

    @without_frames
    def __init__(self, text: str, *, defaults: Mapping[str, str] = MappingProxyType({})) -> None:
        self.__attrs_init__(text, defaults=defaults)  # type: ignore[attr-defined] # attrs adds it

    def __attrs_post_init__(self) -> None:
        for name in self.defaults:
            if name not in self.fields:
                raise InvalidInputError("defaults", rule="expected only fields of the template", got="another name")

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields, each once, in the order of the text."""
        return self._parsed.fields

    @without_frames
    def render(self, row: Row) -> str:
        """Return the text with the values of a row.

        Args:
            row: The values by field; it may have more fields than the template.

        Raises:
            InvalidInputError: The row lacks a field or has more cells than headers, or a value is empty, of another
                type, or does not fit its format. The error names the field and does not show the value.
        """
        failure = check_row(row, field="row")
        if failure is not None:
            raise failure
        return self._parsed.render(row)


@frozen
class Rendering:
    """The rendered text of one row.

    Attributes:
        row: The row's index in the input, counted from 0.
        text: The text.
        parts: The size of the text as an SMS.
    """

    row: int
    text: str = field(repr=mask_text)
    parts: SmsParts


@frozen
class TemplatePreview:
    """A summary of rendering a template for all rows.

    Attributes:
        rows: The number of rows that were rendered.
        parts: The parts of all texts together, which are charged.
        shortest: The shortest text; the first of several.
        longest: The longest text; the first of several.
        failed: The number of invalid rows.
        errors: The errors of the first ten of them; each names row and field.
    """

    rows: int
    parts: int
    shortest: Rendering | None
    longest: Rendering | None
    failed: int = 0
    errors: tuple[InvalidInputError, ...] = field(default=(), eq=False)


@without_frames
def render(template: Template | str, row: Row) -> str:
    """Return a template's text with the values of one row. For many rows, create a `Template` once.

    Args:
        template: The template.
        row: The values by field.

    Raises:
        InvalidInputError: The template or the row is invalid; see `Template`.
    """
    return _template_of(template).render(row)


def messages_from(
    template: Template | str,
    rows: Iterable[Row],
    *,
    receiver_field: str = "receiver",
    track_id_field: str | None = None,
    sender: str | None = None,
    footer: str | None = None,
    on_error: RowErrorHandler | None = None,
) -> Iterator[SmsMessage]:
    """Yield a message for each row, for a bulk send. Rows are read lazily, as the messages are consumed.

    Args:
        template: The template.
        rows: The rows. Pass a `csv.DictReader` itself, not a list of its rows: then a row with fewer cells than headers
            is invalid, too.
        receiver_field: The field with the mobile number.
        track_id_field: The field with your own reference; a reference is generated for each message if None.
        sender: The line that all messages are sent from; the client's if None.
        footer: A line below every text that does not end with it already, such as `لغو۱۱` below advertising.
        on_error: Called with the error of an invalid row, which is then skipped. If None, the error is raised, and
            stops the bulk send: call `preview` first.

    Raises:
        InvalidInputError: The template is invalid; or, while iterating, a row is, or a `csv.DictReader` has a header
            twice. The error names row and field, as in `rows[3].name`.
    """
    template = _template_of(template)
    parsed, below = parse_template(template.text, template.defaults), footer_of(footer)
    render_row = _with_footer(parsed, below)
    own_fields = (receiver_field,) if track_id_field is None else (receiver_field, track_id_field)

    def rendered(row: Row) -> RenderedRow:
        text = render_row(row)
        track_id = None if track_id_field is None else value_of(row, track_id_field)
        return value_of(row, receiver_field), text, track_id

    def rendered_together(some: Sequence[Row]) -> Iterator[RenderedRow] | None:
        names = parsed.names
        columns = None if names is None else plain_columns(some, [*own_fields, *names])
        if columns is None:
            return None
        texts = _joined(parsed.pieces, columns[len(own_fields) :])
        track_ids = repeat(None) if track_id_field is None else columns[1]
        return zip(columns[0], texts if below is None else map(below.below, texts), track_ids, strict=False)

    return TemplateMessages(rendered_rows(rows, rendered, rendered_together, on_error), sender)


def preview(template: Template | str, rows: Iterable[Row], *, footer: str | None = None) -> TemplatePreview:
    """Render every row; return the shortest and the longest text and the total of parts. It takes constant memory.

    Rows without a valid text raise no error; they are counted in `failed`.

    Args:
        template: The template.
        rows: The rows. An iterator is consumed; open the file again for sending.
        footer: The footer, as in `messages_from`.

    Raises:
        InvalidInputError: The template is invalid, or a `csv.DictReader` has a header twice.
    """
    template = _template_of(template)
    render_row = _with_footer(parse_template(template.text, template.defaults), footer_of(footer))
    errors: list[InvalidInputError] = []
    rendered = failed = parts = 0
    shortest: Rendering | None = None
    longest: Rendering | None = None

    def record(error: InvalidInputError) -> None:
        nonlocal failed
        failed += 1
        if failed <= _MAX_ERRORS:
            errors.append(error)

    for index, text in each_row(rows, lambda row: check_text(render_row(row), field="text"), record):
        counted = count_parts(text)
        rendered += 1
        parts += counted.parts
        if shortest is None or _size(counted) < _size(shortest.parts):
            shortest = Rendering(index, text, counted)
        if longest is None or _size(counted) > _size(longest.parts):
            longest = Rendering(index, text, counted)
    return TemplatePreview(rendered, parts, shortest, longest, failed, tuple(errors))


def _template_of(template: Template | str) -> Template:
    return template if isinstance(template, Template) else Template(template)


def _with_footer(parsed: ParsedTemplate, below: Footer | None) -> Callable[[Row], str]:
    """Return what renders a row that `each_row` has checked."""
    return parsed.render if below is None else lambda row: below.below(parsed.render(row))


def _joined(pieces: Sequence[str], values: Sequence[Sequence[str]]) -> Iterator[str]:
    """Return the texts of rows, endless if there are no fields.

    Args:
        pieces: The pieces of the template.
        values: The values of each field in its order, one for each row.
    """
    columns: list[Iterable[str]] = [repeat(piece) for piece in pieces]
    columns[1::2] = values
    return map("".join, zip(*columns, strict=False))


def _size(parts: SmsParts) -> tuple[int, float]:
    """Return a text's size for comparison: its parts, then how full the last one is, in any encoding."""
    return parts.parts, -parts.remaining / parts.unit_limit
