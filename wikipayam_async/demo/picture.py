"""Draws the output of the demo as a self-contained SVG file."""

from __future__ import annotations

import html
import io
import re
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from wikipayam_async.demo.report import Findings, print_report
from wikipayam_async.demo.words import ENGLISH, Words

__all__ = ["URL", "draw"]

URL = "http://127.0.0.1:8026"
"""The address in the picture, instead of the random port of a run."""

_WIDTH = 100
_THEME = TerminalTheme(
    (30, 32, 40),
    (214, 218, 226),
    [
        (30, 32, 40),
        (240, 113, 120),
        (126, 200, 118),
        (230, 190, 110),
        (130, 170, 255),
        (199, 146, 234),
        (137, 221, 255),
        (214, 218, 226),
    ],
)
# rich fills in the names in braces.
_PAGE = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{unique_id}-name">
<title id="{unique_id}-name">{TITLE}</title>
<style>
text {{
    font-family: ui-monospace, 'Cascadia Mono', Menlo, 'DejaVu Sans Mono', Consolas, Vazirmatn, Tahoma, monospace;
}}
.{unique_id}-matrix {{ font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

_text = re.compile(r"<text ([^>]*)>([^<]*)</text>")
_length = re.compile(r' textLength="([^"]*)"')
_x = re.compile(r' x="([^"]*)"')
_joined = re.compile(r"[\u0600-\u06ff]")
_right_to_left = re.compile(r"[\u200f\u0600-\u06ff]")
_cell = re.compile(r"(?:(?!\xa0\xa0).)+")
_MARK = "\u200e"


def draw(path: Path, introduction: str, findings: Findings, say: Words = ENGLISH) -> None:
    """Draw the output of the demo.

    Args:
        path: The SVG file.
        introduction: The text before the report.
        findings: The data of the report.
        say: The language.

    Raises:
        OSError: The file cannot be written.
    """
    console = Console(
        file=io.StringIO(), record=True, width=_WIDTH, highlight=False, force_terminal=True, color_system="truecolor"
    )
    console.print(introduction, markup=False)
    print_report(console, findings, say)
    title = "The output of the demo: the outcomes of all messages, compared with the gateway's ledger"
    page = _PAGE.replace("{TITLE}", say(title))
    svg = console.export_svg(title="wikipayam demo", theme=_THEME, code_format=page, unique_id="demo")
    path.write_text(_text.sub(_flowing, svg), "utf-8", newline="\n")


def _flowing(match: re.Match[str]) -> str:
    """Draw each cell of a line with Persian where its column is, since its letters are not as wide as others."""
    attributes, text = match[1], match[2].replace("&#160;", "\xa0")
    length, x = _length.search(attributes), _x.search(attributes)
    if length is None or x is None or not _joined.search(text):
        return f"{match[0]}\n"
    width = float(length[1]) / _width(text)
    cells = ((cell[0].strip("\xa0"), _start(cell)) for cell in _cell.finditer(text))
    return "".join(
        _drawn(cell.removeprefix(_MARK), float(x[1]) + width * _width(text[:start]), width, attributes)
        for cell, start in cells
        if cell
    )


def _start(cell: re.Match[str]) -> int:
    """Return where a cell begins, behind its spaces."""
    return cell.start() + len(cell[0]) - len(cell[0].lstrip("\xa0"))


def _drawn(cell: str, at: float, width: float, attributes: str) -> str:
    """Return a cell; without the fixed width that would break the joins of Persian, which ends at its left."""
    length = "" if _joined.search(cell) else f' textLength="{width * _width(cell):g}"'
    direction = ' direction="rtl" text-anchor="end"' if _right_to_left.match(cell) else ""
    placed = _x.sub(f' x="{at:g}"', _length.sub(length, attributes))
    spaced = cell.replace("\xa0", "&#160;")
    return f"<text {placed}{direction}>{spaced}</text>\n"


def _width(text: str) -> int:
    return cell_len(html.unescape(text))
