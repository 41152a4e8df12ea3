from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.lab.vendor import MANIFEST, PACKAGES, VENDOR, sha256
from wikipayam_async.lab.assets import asset

STATIC = VENDOR.parent
ALL = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())


def test_every_static_file_is_served_and_no_other() -> None:
    """What is in the folder is served, except the manifest; a path out of it is not."""
    assert [name for name in ALL if asset(name) is None] == ["vendor/vendor.json"]
    assert [asset("../app.py"), asset("vendor/../index.html"), asset("")] == [None, None, None]


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    """Scripts, styles and fonts come from the lab alone; no directive is unsafe."""
    found = asset("index.html")
    assert found is not None
    policy = found.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert re.findall(r"https?:[^ ;]*", policy) == []
    assert "script-src 'self'; style-src 'self'" in policy


def test_the_page_loads_nothing_from_elsewhere() -> None:
    """The page and its own files name no other site, no inline script, no inline style."""
    for name in ("index.html", "lab.css", "lab.js", "texts.js"):
        text = (STATIC / name).read_text("utf-8")
        assert (name, re.findall(r"""(?:https?:)?//[\w.-]+\.\w+|<script>|<style|\bstyle=|\bon\w+=""", text)) == (
            name,
            [],
        )
        assert "x-html" not in text


def test_the_vendored_files_are_what_their_packages_have() -> None:
    """Each file has the hash of the manifest, each package its licence, and the manifest says what the build step does."""
    manifest = json.loads(MANIFEST.read_text("utf-8"))
    assert [(one["name"], one["version"], one["license"], one["integrity"]) for one in manifest] == [
        (one.name, one.version, one.license, one.integrity) for one in PACKAGES
    ]
    assert [list(one["sha256"]) for one in manifest] == [list(one.files) for one in PACKAGES]
    hashes = {name: digest for one in manifest for name, digest in one["sha256"].items()}
    assert {name: sha256((VENDOR / name).read_bytes()) for name in hashes} == hashes
    assert {path.name for path in VENDOR.iterdir()} == {*hashes, "vendor.json"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("alpine-csp", "Permission is hereby granted, free of charge"),
        ("pico", "Permission is hereby granted, free of charge"),
        ("vazirmatn", "SIL OPEN FONT LICENSE Version 1.1"),
    ],
)
def test_every_package_brings_its_licence(name: str, words: str) -> None:
    """The licence of each package is beside its files."""
    assert words in Path(VENDOR / f"{name}.LICENSE.txt").read_text("utf-8")
