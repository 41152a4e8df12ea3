"""Files and docstrings in pages, between comments."""

from __future__ import annotations

import pytest

from docs.tools.embed import embed, embedded_files, with_directives
from docs.tools.reference import describe

FILES = {"a/b.py": "one\n\ntwo\n", "c.md": "# C\n\ntext\n", "Dockerfile": "FROM x\n"}
REFERENCE = "<!-- reference\n::: wikipayam_async.SendStatus\n    options:\n      heading_level: 3\n-->\n"


@pytest.mark.parametrize(
    ("path", "block"),
    [
        ("a/b.py", "```python\none\n\ntwo\n```\n"),
        ("c.md", "\n# C\n\ntext\n\n"),
        ("Dockerfile", "```text\nFROM x\n```\n"),
    ],
)
def test_a_file_is_embedded(path: str, block: str) -> None:
    """Code becomes a block of its language, Markdown stays as it is; what was embedded before is replaced."""
    page = f"Before.\n\n<!-- file: {path} -->\nold\n<!-- /file -->\n\nAfter.\n"
    embedded = embed(page, FILES.__getitem__)
    assert embedded == f"Before.\n\n<!-- file: {path} -->\n{block}<!-- /file -->\n\nAfter.\n"
    assert embed(embedded, FILES.__getitem__) == embedded
    assert embedded_files(embedded) == [path]


def test_a_reference_has_its_text_in_the_repository_and_its_directive_on_the_site() -> None:
    """The directive, with its options, is kept in the comment."""
    embedded = embed(f"A.\n\n{REFERENCE}<!-- /reference -->\n\nB.\n", FILES.__getitem__)
    text = describe("::: wikipayam_async.SendStatus\n    options:\n      heading_level: 3\n")
    assert "\n### `SendStatus`\n" in text
    assert embedded == f"A.\n\n{REFERENCE}\n{text}\n<!-- /reference -->\n\nB.\n"
    assert with_directives(embedded) == (
        "A.\n\n::: wikipayam_async.SendStatus\n    options:\n      heading_level: 3\n\nB.\n"
    )
