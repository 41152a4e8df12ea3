"""Put files and docstrings into the pages, between comments, so that the Markdown in the repository is readable by itself.

`python -m docs.tools.embed` brings every page up to date. A page names what it embeds:

    <!-- file: docs/examples/tutorial/first.py -->
    <!-- /file -->

    <!-- reference
    ::: wikipayam_async.AsyncWikipayam
    -->
    <!-- /reference -->

The site shows a reference by its directive, which has more than the text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from docs.tools.reference import describe

__all__ = ["embed", "embedded_files", "outdated", "with_directives"]

ROOT = Path(__file__).parents[2]
LANGUAGES = {".py": "python", ".sh": "sh", ".mjs": "js", ".php": "php", ".yaml": "yaml", ".service": "ini"}
"""The languages of code blocks by the suffixes of files. A Markdown file is embedded as it is; others are plain text."""

_FILE = re.compile(r"^<!-- file: (\S+) -->\n.*?^<!-- /file -->$", re.MULTILINE | re.DOTALL)
_REFERENCE = re.compile(r"^<!-- reference\n(.*?)-->\n.*?^<!-- /reference -->$", re.MULTILINE | re.DOTALL)


def embedded_files(markdown: str) -> list[str]:
    """Return the paths of the files that a page embeds, relative to the root of the repository."""
    return _FILE.findall(markdown)


def embed(markdown: str, read: Callable[[str], str]) -> str:
    """Return a page with the files and docstrings as they are now.

    Args:
        markdown: The page.
        read: Returns the text of a file.
    """

    def put_file(match: re.Match[str]) -> str:
        path = match[1]
        return f"<!-- file: {path} -->\n{_block(path, read(path))}<!-- /file -->"

    def put_reference(match: re.Match[str]) -> str:
        text = describe(match[1])
        return f"<!-- reference\n{match[1]}-->\n\n{text}\n<!-- /reference -->"

    return _REFERENCE.sub(put_reference, _FILE.sub(put_file, markdown))


def with_directives(markdown: str) -> str:
    """Return a page with the directives of its references in place of their text."""
    return _REFERENCE.sub(lambda match: match[1].rstrip("\n"), markdown)


def _block(path: str, text: str) -> str:
    suffix = Path(path).suffix
    if suffix == ".md":
        return f"\n{text.strip()}\n\n"
    return f"```{LANGUAGES.get(suffix, 'text')}\n{text.strip()}\n```\n"


def _pages() -> Iterator[Path]:
    for language in ("en", "fa"):
        yield from sorted((ROOT / "docs" / language).rglob("*.md"))


def outdated() -> Iterator[tuple[Path, str]]:
    """Yield the pages that embed something that has changed, each with its new text."""
    for page in _pages():
        text = page.read_text("utf-8")
        new = embed(text, lambda path: (ROOT / path).read_text("utf-8"))
        if new != text:
            yield page, new


if __name__ == "__main__":
    for changed, content in outdated():
        changed.write_text(content, "utf-8")
        sys.stdout.write(f"written: {changed.relative_to(ROOT)}\n")
