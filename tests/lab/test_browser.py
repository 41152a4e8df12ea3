"""The page in a real browser."""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from tests.lab.conftest import TOKEN, Lab, RealLab
from tests.support.browser import Browse
from wikipayam_async.emulator import DEFAULT_TOKEN
from wikipayam_async.emulator.app import Receive, Send
from wikipayam_async.lab.forms import forms

IMAGES = Path(__file__).parents[2] / "docs"
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script></code></pre>'


def open_page(page: Page, url: str, query: str = "") -> list[str]:
    """Open the page; return a list that gets every message of the console, every error, and every breach of the policy."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', (event) => console.error('CSP', event.violatedDirective))"
    )
    page.goto(url + query)
    page.wait_for_selector("html[data-ready]")
    return complaints


def choose(page: Page, operation: str) -> None:
    """Choose an endpoint, and wait for its request to be shown."""
    with page.expect_response("**/lab/api/prepare"):
        page.select_option("#operation", operation)


def run(page: Page) -> str:
    """Make the call that is filled in, and return its status as shown."""
    with page.expect_response("**/lab/api/run"):
        page.click("#try")
    page.wait_for_selector("#status")
    return page.inner_text("#status")


def findings(page: Page) -> list[str]:
    """Return what axe finds."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{one['id']}: {one['nodes'][0]['html']} {one['nodes'][0]['failureSummary']}" for one in found]


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_endpoint_works_through_the_page(browse: Browse, lab: Lab, language: str) -> None:
    """Every form, as it is filled in at first, makes its call; the emulator gets those requests, and no message twice."""
    expected = [(form.method, form.path) for form in forms()]

    def steps(page: Page) -> None:
        complaints = open_page(page, lab.url, f"?lang={language}")
        shown = []
        for form in forms():
            choose(page, form.operation)
            assert (form.operation, run(page)[-3:]) in {(form.operation, "200"), (form.operation, "۲۰۰")}
            assert page.locator("#error").count() == 0
            shown.append(page.inner_text("#endpoint"))
        assert (shown, complaints) == ([f"{method} {path}" for method, path in expected], [])
        expect(page.locator("#ledger tbody tr")).to_have_count(len(lab.emulator.ledger))
        expect(page.locator("#calls li")).to_have_count(len(expected))

    browse(steps)
    received = [(one.method, one.path) for one in lab.control.history.since(0)]
    assert [(method, path.partition("/receives/")[0]) for method, path in received] == [
        (method, path.partition("/receives/")[0]) for method, path in expected
    ]
    first = lab.emulator.ledger[0]
    assert (first.receiver, first.message) == ("09123456789", "Your order is ready")
    assert [entry.kind.value for entry in lab.emulator.ledger] == ["sms", "otp", "voice", "holoo", "holoo"]


def test_a_message_goes_out_by_keyboard_alone(browse: Browse, lab: Lab) -> None:
    """With tabs, arrows, letters and Enter alone, an endpoint is chosen, a form is filled in and a message is sent once."""

    def steps(page: Page) -> None:
        open_page(page, lab.url)
        for _ in range(4):
            page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "operation"
        with page.expect_response("**/lab/api/prepare"):
            page.keyboard.type("Send messages")
        while page.evaluate("document.activeElement.name") != "message":
            page.keyboard.press("Tab")
        page.keyboard.press("Control+a")
        page.keyboard.type("by keyboard")
        while page.evaluate("document.activeElement.id") != "try":
            page.keyboard.press("Tab")
        with page.expect_response("**/lab/api/run"):
            page.keyboard.press("Enter")
        page.wait_for_selector("#status")

    browse(steps)
    assert [entry.message for entry in lab.emulator.ledger] == ["by keyboard"]


def test_the_page_fits_a_phone(browse: Browse, lab: Lab) -> None:
    """At 390 pixels nothing scrolls sideways, in both directions of writing, after a call with a long answer."""

    def steps(page: Page) -> None:
        for language in ("en", "fa"):
            open_page(page, lab.url, f"?lang={language}")
            choose(page, "sms_send")
            run(page)
            assert page.evaluate("document.documentElement.scrollWidth") == 390
            assert page.evaluate("document.documentElement.dir") == {"en": "ltr", "fa": "rtl"}[language]

    browse(steps, width=390, height=800)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_axe_has_no_findings(browse: Browse, lab: Lab, language: str) -> None:
    """In light and in dark, with an answer, an error, a fault and a cheaper text on the page, axe finds nothing."""

    def steps(page: Page) -> None:
        for theme in ("light", "dark"):
            open_page(page, lab.url, f"?lang={language}&theme={theme}")
            page.fill("#fault", "402@first1")
            page.click("#fault-add")
            page.wait_for_selector("#faults li")
            page.fill("#calculator-text", "كتاب " * 30)
            page.wait_for_selector("#cheaper")
            choose(page, "sms_send")
            run(page)
            page.wait_for_selector("#error")
            assert findings(page) == []

    browse(steps)


def test_a_refusal_is_shown_as_the_client_raises_it(browse: Browse, lab: Lab) -> None:
    """A fault that is added on the page makes the client raise its error; the page says whether the message was sent."""

    def steps(page: Page) -> None:
        open_page(page, lab.url)
        page.fill("#fault", "502:after@first1")
        page.click("#fault-add")
        page.wait_for_selector("#faults li")
        choose(page, "sms_send")
        assert run(page) == "Status 502"
        assert page.inner_text("#error-type") == "wikipayam_async.UnknownOutcomeError"
        assert "may have been sent" in page.inner_text("#send-status")
        choose(page, "voice_send")
        page.fill("[name=code]", "12 34")
        page.click("#try")
        page.wait_for_selector("#error")
        assert page.inner_text("#error-type") == "wikipayam_async.InvalidInputError"

    browse(steps)
    assert [entry.kind.value for entry in lab.emulator.ledger] == ["sms"]


def test_the_panels_show_the_emulator_live(browse: Browse, lab: Lab) -> None:
    """What another client does appears without a reload; a typed message is received; a delivery can be chosen."""

    def steps(page: Page) -> None:
        open_page(page, lab.url)
        choose(page, "sms_send")
        run(page)
        page.locator("#ledger button", has_text="Undelivered").first.click()
        page.locator("#ledger td[dir=ltr]", has_text="UNDELIVERED").wait_for()
        page.fill("#inbound-message", "سلام از تلفن")
        page.click("#inbound-add")
        page.locator("#inbox li", has_text="سلام از تلفن").wait_for()
        lab.emulator.inbound(sender="989120000000", message="from elsewhere")
        page.locator("#inbox li", has_text="from elsewhere").wait_for()
        page.click("#reset")
        page.wait_for_selector("#ledger", state="hidden")

    browse(steps)
    assert lab.emulator.ledger == []


def test_the_calculator_draws_the_borders_of_the_parts(browse: Browse, lab: Lab) -> None:
    """Each part of the text has a border; the cost follows the prices; the cheaper spelling can be taken over."""
    text = "a" * 170 + "”"

    def steps(page: Page) -> None:
        open_page(page, lab.url)
        page.fill("#price-persian", "1000")
        page.fill("#price-latin", "1200")
        with page.expect_response(
            lambda one: one.url.endswith("calculate") and "1200" in (one.request.post_data or "")
        ):
            page.fill("#calculator-text", text)
        page.locator("#borders .part").nth(2).wait_for()
        parts = page.locator("#borders .part span:last-child").all_text_contents()
        assert [len(part) for part in parts] == [67, 67, 37]
        assert "".join(parts) == text
        assert page.inner_text("#money").startswith("3,000 rials")
        page.fill("#receivers", "۲")
        page.locator("#money", has_text="6,000 rials").wait_for()
        page.click("#use-cheaper")
        page.locator("#parts", has_text="2 parts, gsm7").wait_for()

    browse(steps)


def test_with_the_real_gateway_a_send_is_confirmed_first(browse: Browse, real_lab: RealLab) -> None:
    """The page warns, asks with the cost before a send, sends nothing if the answer is no, and once if it is yes."""
    asked: list[str] = []

    async def gateway(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        asked.append(f"{scope['method']} {scope['path']}")
        body = b'{"data": [{"id": "69e5eeab439260d336015405", "sender": "10002000", "receiver": "09121111111", "track_id": "A"}]}'
        await answer(send, body, b"application/json")

    def steps(page: Page) -> None:
        open_page(page, url)
        assert page.is_visible("#real")
        assert not page.is_visible("#ledger-title")
        page.fill("#price-persian", "1000")
        choose(page, "sms_send")
        page.fill("[name=receiver]", "09121111111")
        page.fill("[name=track_id]", "A")
        page.click("#try")
        page.wait_for_selector("#confirm[open]")
        assert "1,000 rials" in page.inner_text("#confirm-cost")
        assert findings(page) == []
        page.keyboard.press("Escape")
        page.wait_for_selector("#confirm[open]", state="hidden")
        assert asked == []
        page.click("#try")
        page.wait_for_selector("#confirm[open]")
        with page.expect_response("**/lab/api/run"):
            page.dblclick("#confirmed")
        page.wait_for_selector("#status")
        assert page.inner_text("#status") == "Status 200"

    with real_lab(gateway) as url:
        browse(steps)
    assert asked == ["POST /api/v1/sms/send"]


def test_a_hostile_answer_is_text_and_the_token_stays_in_the_server(browse: Browse, real_lab: RealLab) -> None:
    """Markup and script in an answer are shown as text; the token, which the answer repeats, is in no byte that arrives."""
    bodies: list[bytes] = []
    words = [HOSTILE, TOKEN, json.dumps(TOKEN)]

    async def gateway(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = json.dumps({"message": HOSTILE + TOKEN, "errors": {HOSTILE: words}, "data": words}).encode()
        await answer(send, body, b"text/html", status=422 if scope["path"].endswith("balance") else 200)

    def keep(response: Response) -> None:
        bodies.append(json.dumps(response.all_headers()).encode() + response.body())

    def steps(page: Page) -> None:
        responses: list[Response] = []
        page.on("response", lambda response: responses.append(response))  # noqa: PLW0108 - Playwright sets an attribute on it
        complaints = open_page(page, url)
        for operation in ("account_balance", "receives_unread_count"):
            choose(page, operation)
            run(page)
            assert HOSTILE in page.inner_text("#body").replace('\\"', '"')
        assert (page.title(), page.locator("main img").count(), complaints) == ("Wikipayam API lab", 0, [])
        for response in responses:
            keep(response)

    with real_lab(gateway) as url:
        browse(steps)
    assert len(bodies) > 12
    for form in (TOKEN, json.dumps(TOKEN)[1:-1], json.dumps(json.dumps(TOKEN)[1:-1])[1:-1], DEFAULT_TOKEN):
        assert [body for body in bodies if form.encode() in body] == []


@pytest.mark.skipif("WIKIPAYAM_PICTURES" not in os.environ, reason="nox -s pictures writes the pictures of the docs")
@pytest.mark.parametrize("language", ["en", "fa"])
def test_the_pictures_of_the_documentation(browse: Browse, lab: Lab, language: str) -> None:
    """The pictures of the documentation show a sent message, and fit their limit of size."""
    folder = IMAGES / language / "img"
    folder.mkdir(exist_ok=True)

    def steps(page: Page) -> None:
        open_page(page, lab.url, f"?lang={language}&theme=light")
        page.fill("#price-persian", "1200")
        page.fill(
            "#calculator-text", "سلام، سفارش شما آماده است و امروز به دست شما می‌رسد. از خرید شما سپاس‌گزاریم. فروشگاه ما"
        )
        choose(page, "sms_send")
        run(page)
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(500)
        page.screenshot(path=folder / "lab.png")
        page.locator("section", has=page.locator("#calculator-title")).screenshot(path=folder / "lab-calculator.png")

    browse(steps, width=1000, height=740)
    assert [one.name for one in folder.glob("lab*.png") if one.stat().st_size > 120_000] == []


async def answer(send: Send, body: bytes, kind: bytes, status: int = 200) -> None:
    """Send a response."""
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
