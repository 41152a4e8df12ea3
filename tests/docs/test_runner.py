"""What runs the pages finds what is wrong with one, and where."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from tests.docs import runner
from tests.docs.pages import fences, included, name_of, parse, unknown_directives
from tests.docs.runner import PageError, Ran, run_page
from tests.docs.shell import Command, commands


def fenced(source: str, language: str = "python") -> str:
    """Write a block."""
    return f"```{language}\n{source}\n```\n\n"


def hidden(source: str) -> str:
    """Write a hidden block."""
    return f"<!--- invisible-code-block: python\n{source}\n-->\n\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page to be written."""
    return tmp_path / "page.md"


def run(page: Path, text: str, *, exact: bool = False) -> Ran:
    """Write a page and run it."""
    page.write_text(text, "utf-8")
    folder = page.parent / "folder"
    folder.mkdir()
    return run_page(page, folder, exact=exact)


def test_blocks_share_names_and_a_task(page: Path) -> None:
    """What a block opens, a later one may close; hidden ones and whole programs among them are run in their turn."""
    text = (
        fenced("import anyio\ngroup = anyio.create_task_group()\nawait group.__aenter__()")
        + fenced("async def main() -> None:\n    said.append(1)\n\nsaid = []\nanyio.run(main)")
        + hidden("said.append(2)")
        + fenced("await group.__aexit__(None, None, None)\nassert said == [1, 2]")
    )
    assert run(page, text).counts == {"python": 3, "hidden": 1}


def test_a_client_and_an_emulator_are_there(page: Path) -> None:
    """The client that pages use, and one that is made of the environment, both send to the page's emulator."""
    text = fenced(
        "await client.sms.send('09123456789', 'a')\n"
        "from wikipayam_async import AsyncWikipayam\n"
        "async with AsyncWikipayam() as other:\n"
        "    await other.sms.send('09123456789', 'b')\n"
        "assert [(sms.sender, sms.message) for sms in emulator.ledger] == [('10002000', 'a'), ('10002000', 'b')]"
    )
    assert len(run(page, text).emulator.ledger) == 2


def test_pauses_cost_no_time(page: Path) -> None:
    """A pause that the gateway asks for, and the time until a delivery, are over at once: neither meets the time limit."""
    text = hidden(
        "from wikipayam_async.emulator import Fault\n"
        "emulator.faults.arm(Fault.status(429, retry_after=50), on='POST /sms/send')"
    ) + fenced(
        "sent = await client.sms.send('09123456789', 'a')\n"
        "report = await client.sms.wait_for_delivery([sent.id], timeout=120)\n"
        "assert [status.status for status in report.statuses.values()] == ['DELIVERED']"
    )
    assert run(page, text).emulator.requests_to("POST /sms/send") == 2


@pytest.mark.parametrize(
    ("block", "told"),
    [
        (fenced("\nsurely = 1\nnot_there"), "page.md:6: NameError: name 'not_there' is not defined"),
        (fenced("def f():\n    1 / 0\n\nf()"), "page.md:5: ZeroDivisionError: division by zero"),
        (
            fenced("import anyio\nasync def main():\n    [][0]\nanyio.run(main)"),
            "page.md:6: IndexError: list index out of range",
        ),
        (fenced("if"), "page.md:4: SyntaxError"),
        (hidden("assert False, 'so it is'"), "page.md:4: AssertionError: so it is"),
        (fenced("def test_it():\n    assert False, 'no'"), "page.md:5: AssertionError: no"),
        (fenced("import anyio\nawait anyio.create_task_group().__aenter__()\n1 / 0"), "page.md:6: ZeroDivisionError"),
        (fenced("{", "json"), "page.md:3: JSONDecodeError"),
        (fenced("a = ", "toml"), "page.md:3: TOMLDecodeError"),
        (fenced("<p>", "html"), "page.md:3: AssertionError: nobody runs html"),
        (fenced("as it is", ""), "page.md:3: AssertionError: nobody runs a block without a language"),
        (fenced("pip install a\nrm -r b", "sh"), "page.md:5: nobody runs this: rm -r b"),
        (fenced("python nowhere.py", "sh"), "page.md:4: nobody runs this: python nowhere.py"),
        (fenced("del a", "powershell"), "page.md:3: AssertionError: nobody runs this: del a"),
        (fenced("wikipayam parts a | sort", "sh"), "page.md:3: ValueError: the tests know no | in a line of a shell"),
    ],
)
def test_a_failure_names_page_and_line(page: Path, block: str, told: str) -> None:
    """The line is the page's own, the innermost that the error came by."""
    with pytest.raises(PageError) as failed:
        run(page, f"# A page\n\n{block}")
    name = name_of(page)  # nox puts the temporary folder inside the repository, from where the page is then named
    assert str(failed.value).startswith(told.replace("page.md", name))


@pytest.mark.parametrize(
    "source", ["import anyio\nawait anyio.sleep_forever()", "import anyio\nanyio.run(anyio.sleep_forever)"]
)
def test_a_block_that_hangs_is_broken_off(page: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a program that has an event loop of its own."""
    monkeypatch.setattr(runner, "LONGEST", 0.1)
    with pytest.raises(PageError, match=r"page.md:\d: (it hangs|TimeoutError)"):
        run(page, fenced(source))


def test_a_skipped_block_has_a_reason(page: Path) -> None:
    """It is counted as skipped; without a reason, it is not skipped as far as these tests go."""
    skip = '<!--- skip: next "there is none" -->\n\n'
    assert run(page, skip + fenced("not_there") + fenced("1")).counts == {"skipped": 1, "python": 1}
    assert unknown_directives(page) == []
    page.write_text(
        "<!--- skip: next -->\n<!-- skip: next 'so' -->\n<!--- invisible-block: python\n-->\n<!-- a note -->\n", "utf-8"
    )
    assert unknown_directives(page) == [
        "<!--- skip: next -->",
        "<!-- skip: next 'so' -->",
        "<!--- invisible-block: python",
    ]


def test_promises_are_checked(page: Path) -> None:
    """Beside what is printed and beside a bare expression stands what comes of it, in functions too."""
    text = fenced("def f():\n    print(1, 'a')  # 1 a\n\nf()  # None\n[1, 'a']  # [1, 'a']")
    assert run(page, text, exact=True).promises == 3


@pytest.mark.parametrize("source", ["print(1)  # 2", "'a'  # a", "print(1)"])
def test_a_promise_that_is_not_kept_is_an_error(page: Path, source: str) -> None:
    """So is a value beside which nothing stands."""
    with pytest.raises(PageError, match=r"page.md:\d: AssertionError"):
        run(page, fenced(source), exact=True)


def test_a_test_on_a_page_is_run_with_an_emulator_that_is_as_new(page: Path) -> None:
    """Its arguments are this package's fixtures; what it sent is gone afterwards."""
    text = fenced("await client.sms.send('09123456789', 'a')") + fenced(
        "async def test_it(wikipayam_client, wikipayam_emulator):\n"
        "    await wikipayam_client.sms.send('09123456789', 'b')\n"
        "    assert [sms.message for sms in wikipayam_emulator.ledger] == ['b']"
    )
    assert run(page, text).emulator.ledger == []


def test_the_process_is_left_as_it_was(page: Path) -> None:
    """Neither environment nor working directory nor logging remembers a page."""
    before = (
        dict(os.environ),
        Path.cwd(),
        logging.getLogger().level,
        list(logging.getLogger("wikipayam_async").handlers),
    )
    run(
        page,
        fenced("import logging, os\nos.environ['A_PAGE'] = '1'\nopen('a.txt', 'w').close()")
        + fenced(
            "logging.getLogger().setLevel(1)\nlogging.getLogger('wikipayam_async').addHandler(logging.NullHandler())"
        ),
    )
    after = (
        dict(os.environ),
        Path.cwd(),
        logging.getLogger().level,
        list(logging.getLogger("wikipayam_async").handlers),
    )
    assert after == before
    assert (page.parent / "folder" / "a.txt").is_file()


def test_blocks_are_found_where_they_stand_indented(page: Path) -> None:
    """In lists, in tabs and behind longer fences: each is one block, and a fence within a fence is none."""
    text = '=== "Python"\n\n    ```python\n    a = 1\n    ```\n\n- ```sh\n  pip install a\n  ```\n\n````text\n```python\n````\n'
    page.write_text(text, "utf-8")
    found = [(one.parsed.language, one.parsed.source) for one in parse(page, lambda _: None).examples()]
    assert found == [("python", "a = 1\n"), ("sh", "pip install a\n"), ("text", "```python\n")]
    assert fences(page) == 7  # the one within is counted, so that it is told of


def test_included_files_are_listed(page: Path) -> None:
    """By their paths, without the part that is asked for; what only looks like an include is an error."""
    page.write_text('```python\n--8<-- "docs/a.py:main"\n```\n--8<-- "docs/b.md"\n', "utf-8")
    assert included(page) == ["docs/a.py", "docs/b.md"]
    page.write_text("--8<-- docs/a.py\n", "utf-8")
    with pytest.raises(ValueError, match=r"page\.md: an include is a line of its own"):
        included(page)


def test_lines_of_a_shell_are_put_together() -> None:
    """Continued lines are one command; a comment may promise an exit code."""
    source = "# first\nwikipayam send \\\n  --to 1\n\nwikipayam bulk a.csv  # exit code 3: some are unknown\n"
    assert list(commands(source)) == [
        Command("wikipayam send --to 1", 1, 0),
        Command("wikipayam bulk a.csv  # exit code 3: some are unknown", 4, 3),
    ]


def test_the_command_line_is_run(page: Path) -> None:
    """Against the page's emulator, in the page's folder; what it printed is `output` to hidden blocks."""
    pytest.importorskip("cyclopts")
    text = (
        fenced("wikipayam balance --json", "sh")
        + hidden("import json\nassert json.loads(output)['balance'] == emulator.account.balance")
        + fenced("wikipayam balance --json > balance.json", "sh")
        + hidden(
            "from pathlib import Path\nassert json.loads(Path('balance.json').read_text())['balance'] == emulator.account.balance"
        )
        + fenced("wikipayam balance --no-such-option  # exit code 2", "sh")
    )
    assert run(page, text).counts == {"sh": 3, "hidden": 2}
    with pytest.raises(PageError, match=r"page.md:2: exit code 2, not 0"):
        run_page(_other(page, fenced("wikipayam balance --no-such-option", "sh")), page.parent)


def _other(page: Path, text: str) -> Path:
    page.write_text(text, "utf-8")
    return page
