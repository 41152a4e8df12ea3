"""What the search of the site finds, beside what Zensical has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docs.tools.search import fill_search, spellings, with_words

WORKER = (
    'x=t=>{return t.normalize("NFKD").toLowerCase()};C("path",n=>n.path,{weight:2})];we({handler:Me,size:10});'
    'let e=(r=t.data.config.lang);var J=null;l=J({type:"text",data:t.data})'
)
ITEM = {"location": "a.html", "title": "A", "text": "", "path": []}


def site(folder: Path, worker: str) -> Path:
    """Write what the search needs of a site."""
    workers = folder / "assets" / "javascripts" / "workers"
    workers.mkdir(parents=True)
    (workers / "search.1.min.js").write_text(worker, "utf-8")
    (folder / "a.html").write_text("", "utf-8")
    (folder / "search.json").write_text(json.dumps({"config": {}, "items": [ITEM]}), "utf-8")
    (folder / "search.toml").write_text('[en]\n"a.md" = "alpha"\n', "utf-8")
    return folder


def test_words_with_a_non_joiner_have_their_parts() -> None:
    """Each part is listed once; other words have none."""
    assert spellings("می‌شود که می‌رود") == "می شود رود"


def test_a_page_has_its_words_and_its_rank() -> None:
    """The words belong to the page, not to its sections; pages of the reference are marked."""
    items = [{**ITEM, "location": location} for location in ("a.html", "a.html#b", "reference/c.html")]
    assert with_words([*items, {**ITEM, "text": "<p>می‌شود</p>"}], {"a": "alpha"}, ("reference/",)) == [
        {**items[0], "words": "alpha"},
        items[1],
        {**items[2], "reference": True},
        {**ITEM, "text": "<p>می‌شود</p>", "words": "alpha", "spellings": "می شود"},
    ]


def test_the_worker_and_both_forms_of_the_index_are_changed(tmp_path: Path) -> None:
    """A server serves the JSON; a page that is opened as a file loads the script."""
    folder = site(tmp_path, WORKER)
    assert fill_search(folder, "en", folder / "search.toml") == []
    assert "u200c" in (folder / "assets/javascripts/workers/search.1.min.js").read_text("utf-8")
    text = (folder / "search.json").read_text("utf-8")
    assert json.loads(text)["items"] == [{**ITEM, "words": "alpha"}]
    assert (folder / "search.js").read_text("utf-8") == f"var __index = {text}"


@pytest.mark.parametrize(
    ("worker", "words", "problem"),
    [
        ("other", '[en]\n"a.md" = "alpha"\n', "search.1.min.js: Zensical's search has changed: "),
        (WORKER, '[en]\n"gone.md" = "alpha"\n', "search.toml: there is no page en/gone.md"),
    ],
)
def test_what_does_not_fit_is_a_problem(tmp_path: Path, worker: str, words: str, problem: str) -> None:
    """Another worker, and words for a page that is not there, end the build."""
    folder = site(tmp_path, worker)
    (folder / "search.toml").write_text(words, "utf-8")
    (found,) = fill_search(folder, "en", folder / "search.toml")
    assert found.startswith(problem)
