"""Prepare the search of the built site: words by which readers look for a page, guides before the reference, Persian spellings.

Zensical's search has no setting for these, so its worker is changed in a few places; a release in which they have changed
is a problem of the build.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["REFERENCE", "fill_search", "spellings", "with_words"]

REFERENCE = ("reference/", "endpoints", "snippets", "changelog", "performance", "reliability", "comparison", "mutation")
"""The pages that come after the guides."""

_ZWNJ = "\u200c"
_JOINED = re.compile(rf"\w+(?:{_ZWNJ}\w+)+")
_TAG = re.compile(r"<[^>]*>")
_PATCHES = {
    # The letters of Arabic keyboards, the non-joiner, and marks such as hamza make no difference, in texts and in queries.
    'return t.normalize("NFKD").toLowerCase()': (
        r'return t.normalize("NFKD").replace(/[\u200c\p{M}]/gu,"").replace(/\u064a/g,"\u06cc")'
        r'.replace(/\u0643/g,"\u06a9").toLowerCase()'
    ),
    'C("path",n=>n.path,{weight:2})]': (
        'C("path",n=>n.path,{weight:2}),C("words",n=>n.words,{weight:4}),C("spellings",n=>n.spellings)]'
    ),
    # A query with a capital, a dot or an underscore asks for a name, whose reference comes first.
    "we({handler:Me,size:10})": (
        "()=>S({onTextResult(n){/[A-Z_.]/.test(asked)||n.items.sort((a,b)=>rank(a)-rank(b))}}),we({handler:Me,size:10})"
    ),
    "let e=(r=t.data.config.lang)": "let rank=a=>t.data.items[a.id].reference?1:0,e=(r=t.data.config.lang)",
    "var J=null;": 'var J=null,asked="";',
    'l=J({type:"text",data:t.data})': 'l=(asked=t.data.input,J({type:"text",data:t.data}))',
}


def spellings(text: str) -> str:
    """Return the parts of the words with a non-joiner, for those who type a space or nothing in its place."""
    return " ".join(dict.fromkeys(part for word in _JOINED.findall(text) for part in word.split(_ZWNJ)))


def with_words(
    items: Sequence[Mapping[str, Any]], words: Mapping[str, str], reference: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the sections of the index with what is searched beside their text.

    Args:
        items: The sections.
        words: The words for a page, by the path of the page without its suffix.
        reference: The beginnings of the paths of pages that come after the others.
    """
    found = []
    for item in items:
        page, _, anchor = item["location"].partition("#")
        added: dict[str, Any] = {}
        if not anchor and (own := words.get(page.removesuffix(".html"))):
            added["words"] = own
        if parts := spellings(f"{item['title']} {_TAG.sub(' ', item['text'])}"):
            added["spellings"] = parts
        if page.startswith(tuple(reference)):
            added["reference"] = True
        found.append({**item, **added})
    return found


def fill_search(folder: Path, language: str, settings: Path) -> list[str]:
    """Prepare the search of a language's site; return the problems found.

    Args:
        folder: The site.
        language: Its language.
        settings: The file with the words, by language and page.
    """
    (worker,) = (folder / "assets" / "javascripts" / "workers").glob("search.*.js")
    code = worker.read_text("utf-8")
    for old, new in _PATCHES.items():
        if code.count(old) != 1:
            return [f"{worker.name}: Zensical's search has changed: {old}"]
        code = code.replace(old, new)
    worker.write_text(code, "utf-8")
    table = tomllib.loads(settings.read_text("utf-8"))[language]
    problems = [f"{settings.name}: there is no page {language}/{page}" for page in table if not _built(folder, page)]
    words = {page.removesuffix(".md"): text for page, text in table.items()}
    index = json.loads((folder / "search.json").read_text("utf-8"))
    index["items"] = with_words(index["items"], words, REFERENCE)
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    (folder / "search.json").write_text(text, "utf-8")
    (folder / "search.js").write_text(f"var __index = {text}", "utf-8")  # for pages that are opened as files
    return problems


def _built(folder: Path, page: str) -> bool:
    return (folder / page).with_suffix(".html").is_file()
