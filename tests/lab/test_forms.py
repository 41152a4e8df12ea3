from __future__ import annotations

import json
import re
from importlib.resources import files

from wikipayam_async.emulator import openapi_document
from wikipayam_async.lab.forms import forms, is_send

TEXTS = files("wikipayam_async.lab").joinpath("static", "texts.js").read_text("utf-8")


def test_every_operation_of_the_description_has_a_form() -> None:
    """The forms are those of the description, in its order."""
    described = [one["operationId"] for item in openapi_document()["paths"].values() for one in item.values()]
    assert [form.operation for form in forms()] == described


def test_a_form_has_the_fields_of_its_request() -> None:
    """Fields come from parameters and from bodies; a choice between bodies is a field; the token is none."""
    shapes = {form.operation: [(one.name, one.kind, one.required) for one in form.fields] for form in forms()}
    assert shapes["account_balance"] == []
    assert shapes["sms_send"] == [
        ("sender", "text", True),
        ("receiver", "lines", True),
        ("message", "area", False),
        ("note", "area", False),
        ("track_id", "text", False),
    ]
    assert shapes["receives_delete"] == [
        ("which", "choice", True),
        ("receive_ids", "lines", True),
        ("delete_older_than_days", "number", True),
    ]
    assert ("from_date", "day", True) in shapes["sms_receive"]
    assert "password" not in str(shapes)


def test_what_sends_is_known() -> None:
    """Only the operations that the description calls sends are sends."""
    assert [form.operation for form in forms() if is_send(form.operation)] == [
        "sms_send",
        "otp_send",
        "voice_send",
        "holoo_send",
        "holoo_send_via_url",
    ]
    assert not is_send("another")


def table(name: str, language: str | None) -> set[str]:
    """Return the keys of a table of texts.js."""
    text = TEXTS.partition(f"window.{name} = ")[2].partition("\n};")[0]
    if language is not None:
        text = re.split(r"\n  (?:en|fa): ", text)[1 if language == "en" else 2]
    return set(re.findall(r'[{,]?\s*(\w+): "', text))


def test_the_page_has_every_text_in_both_languages() -> None:
    """Titles, fields and the page's own texts exist in English and Persian, and keep their placeholders."""
    assert table("LAB_TEXTS", "en") == table("LAB_TEXTS", "fa")
    assert (
        table("LAB_FIELDS", "en") == table("LAB_FIELDS", "fa") == {one.name for form in forms() for one in form.fields}
    )
    assert table("LAB_OPERATIONS_FA", None) == {form.operation for form in forms()}
    english, persian = re.split(r"\n  fa: ", TEXTS.partition("window.LAB_TEXTS = ")[2].partition("\n};")[0])
    for key, text in re.findall(r'(\w+): ("(?:[^"\\]|\\.)*")', english):
        translated = re.search(rf'\b{key}: ("(?:[^"\\]|\\.)*")', persian)
        assert translated is not None
        holders = [sorted(re.findall(r"\{\w+\}", json.loads(one))) for one in (text, translated[1])]
        assert (key, holders[0]) == (key, holders[1])


def test_every_text_that_the_page_names_exists() -> None:
    """Every key of a text in the page and its script is in the table."""
    static = files("wikipayam_async.lab").joinpath("static")
    sources = [static.joinpath(name).read_text("utf-8") for name in ("index.html", "lab.js")]
    named = {key for source in sources for key in re.findall(r"""\bt\(['"](\w+)['"]""", source)}
    assert (named - table("LAB_TEXTS", "en"), len(named) > 40) == (set(), True)
