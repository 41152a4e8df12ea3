"""The pages of the documentation and their parts: code blocks, hidden blocks, embedded files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen
from sybil import Document, Region
from sybil.parsers.markdown import SkipParser
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer, FencedCodeBlockLexer
from sybil.typing import Evaluator

__all__ = [
    "DOCS",
    "ROOT",
    "Block",
    "fences",
    "find_pages",
    "name_of",
    "parse",
    "unknown_directives",
]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^[ \t]*(?:[-*+] +|\d+[.)] +)?(`{3,}|~{3,})", re.MULTILINE)
_EMBEDDED = re.compile(r"<!-- file: \S+ -->\n\Z")
_REFERENCE = re.compile(r"^<!-- reference\n.*?^<!-- /reference -->$", re.MULTILINE | re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*<!--(?:-+|\s*;?\s*(?:skip|invisible|code|clear)\b).*$", re.MULTILINE)
_KNOWN_DIRECTIVE = re.compile(
    r"""[ \t]*<!--- (?:invisible-code-block: python|skip: (?:next|start) (["']).+\1 -->|skip: end -->)\s*"""
)


@frozen
class Block:
    """A code block.

    Attributes:
        language: The language after the fence; `python` for a hidden block.
        source: The code.
        hidden: Whether it is hidden from readers.
        raw: The code with its indentation.
        embedded: Whether it is a file that the page embeds.
    """

    language: str
    source: str
    hidden: bool = False
    raw: str = ""
    embedded: bool = False


def find_pages() -> list[Path]:
    """Return the README and the pages of both languages."""
    return [
        ROOT / "README.md",
        *(page for language in ("en", "fa") for page in sorted((DOCS / language).rglob("*.md"))),
    ]


def name_of(page: Path) -> str:
    """Return the name of a page for messages and test ids."""
    return page.relative_to(ROOT).as_posix() if page.is_relative_to(ROOT) else page.name


def parse(page: Path, evaluate: Evaluator) -> Document:
    """Parse a page; its blocks are passed to the evaluator unless the page skips them with a reason."""

    def visible(document: Document) -> Iterator[Region]:
        references = [match.span() for match in _REFERENCE.finditer(document.text)]
        for region in FencedCodeBlockLexer("[^\n]*")(document):
            if any(start < region.start < end for start, end in references):
                continue
            language, _, _ = region.lexemes["language"].strip().partition(" ")
            _, _, raw = document.text[region.start : region.end].partition("\n")
            embedded = _EMBEDDED.search(document.text, 0, region.start) is not None
            block = Block(language, region.lexemes["source"], raw=raw[: raw.rfind("\n") + 1], embedded=embedded)
            yield Region(region.start, region.end, block, evaluate)

    def hidden(document: Document) -> Iterator[Region]:
        for region in DirectiveInHTMLCommentLexer("invisible-code-block", "[^\n]*")(document):
            yield Region(region.start, region.end, Block("python", region.lexemes["source"], hidden=True), evaluate)

    return Document.parse(str(page), visible, hidden, SkipParser())


def fences(page: Path) -> int:
    """Count the fences of a page outside of the text of its references, whatever is between them."""
    return len(_FENCE.findall(_REFERENCE.sub("", page.read_text("utf-8"))))


def unknown_directives(page: Path) -> list[str]:
    """Return the HTML comments that look like directives for the tests and are not."""
    lines = _DIRECTIVE.findall(page.read_text("utf-8"))
    return [line for line in lines if not _KNOWN_DIRECTIVE.fullmatch(line)]
