"""Draws the output of the demo as a self-contained SVG file."""

from __future__ import annotations

import io
import re
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from wikipayam_async.demo.report import Findings, print_report

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
<title id="{unique_id}-name">The output of the demo: the outcomes of all messages, compared with the gateway's ledger</title>
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
_length = re.compile(r' textLength="[^"]*"')
_joined = re.compile(r"[\u0600-\u06ff]")


def draw(path: Path, introduction: str, findings: Findings) -> None:
    """Draw the output of the demo.

    Args:
        path: The SVG file.
        introduction: The text before the report.
        findings: The data of the report.

    Raises:
        OSError: The file cannot be written.
    """
    console = Console(
        file=io.StringIO(), record=True, width=_WIDTH, highlight=False, force_terminal=True, color_system="truecolor"
    )
    console.print(introduction, markup=False)
    print_report(console, findings)
    svg = console.export_svg(title="wikipayam demo", theme=_THEME, code_format=_PAGE, unique_id="demo")
    path.write_text(_text.sub(_flowing, svg), "utf-8", newline="\n")


def _flowing(match: re.Match[str]) -> str:
    """Remove the fixed width of Persian text, which would break its joins; and align lines that begin with it to the right."""
    attributes, text = match.groups()
    if _joined.search(text):
        attributes = _length.sub("", attributes)
    if _joined.match(text):
        # The end of a right-to-left line is at its left, where the column starts.
        attributes += ' direction="rtl" text-anchor="end"'
    return f"<text {attributes}>{text}</text>\n"
