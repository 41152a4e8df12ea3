"""The runner of pages finds failures and their lines."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from tests.docs import runner
from tests.docs.pages import fences, name_of, parse, unknown_directives
from tests.docs.runner import PageError, PageResult, run_page
from tests.docs.shell import Command, commands


def fenced(source: str, language: str = "python") -> str:
    """Return a fenced block."""
    return f"```{language}\n{source}\n```\n\n"


def hidden(source: str) -> str:
    """Return a hidden block."""
    return f"<!--- invisible-code-block: python\n{source}\n-->\n\n"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Return the path of a page that does not exist yet."""
    return tmp_path / "page.md"


def run(page: Path, text: str, *, exact: bool = False) -> PageResult:
    """Write a page and run it."""
    page.write_text(text, "utf-8")
    folder = page.parent / "folder"
    folder.mkdir()
    return run_page(page, folder, exact=exact)


def test_blocks_share_names_and_a_task(page: Path) -> None:
    """A block may close what an earlier one opened; hidden blocks and whole programs run in order too."""
    text = (
        fenced("import anyio\ngroup = anyio.create_task_group()\nawait group.__aenter__()")
        + fenced("async def main() -> None:\n    said.append(1)\n\nsaid = []\nanyio.run(main)")
        + hidden("said.append(2)")
        + fenced("await group.__aexit__(None, None, None)\nassert said == [1, 2]")
    )
    assert run(page, text).counts == {"python": 3, "hidden": 1}


def test_a_page_has_a_client_and_an_emulator(page: Path) -> None:
    """The page's `client` and a client made from the environment both send to the page's emulator."""
    text = fenced(
        "await client.sms.send('09123456789', 'a')\n"
        "from wikipayam_async import AsyncWikipayam\n"
        "async with AsyncWikipayam() as other:\n"
        "    await other.sms.send('09123456789', 'b')\n"
        "assert [(sms.sender, sms.message) for sms in emulator.ledger] == [('10002000', 'a'), ('10002000', 'b')]"
    )
    assert len(run(page, text).emulator.ledger) == 2


def test_delays_take_no_time(page: Path) -> None:
    """`Retry-After` and the time until a delivery pass at once, so no block reaches the time limit."""
    text = hidden(
        "from wikipayam_async.emulator import Fault\n"
        "emulator.faults.arm(Fault.status(429, retry_after=50), on='POST /sms/send')"
    ) + fenced(
        "sent = await client.sms.send('09123456789', 'a')\n"
        "report = await client.sms.wait_for_delivery([sent.id], timeout=120)\n"
        "assert [delivery.status for delivery in report] == ['DELIVERED']"
    )
    assert run(page, text).emulator.requests_to("POST /sms/send") == 2


@pytest.mark.parametrize(
    ("block", "message"),
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
        (fenced("<p>", "html"), "page.md:3: AssertionError: cannot run html"),
        (fenced("as it is", ""), "page.md:3: AssertionError: cannot run a block without a language"),
        (fenced("pip install a\nrm -r b", "sh"), "page.md:5: cannot be run: rm -r b"),
        (fenced("python nowhere.py", "sh"), "page.md:4: cannot be run: python nowhere.py"),
        (fenced("del a", "powershell"), "page.md:3: AssertionError: cannot be run: del a"),
        (fenced("wikipayam parts a | sort", "sh"), "page.md:3: ValueError: | is not supported in a shell command"),
    ],
)
def test_a_failure_names_page_and_line(page: Path, block: str, message: str) -> None:
    """A failure names the innermost line of the page in its traceback."""
    with pytest.raises(PageError) as failed:
        run(page, f"# A page\n\n{block}")
    name = name_of(page)  # nox has its temporary folder inside the repository
    assert str(failed.value).startswith(message.replace("page.md", name))


@pytest.mark.parametrize(
    "source", ["import anyio\nawait anyio.sleep_forever()", "import anyio\nanyio.run(anyio.sleep_forever)"]
)
def test_a_block_that_hangs_is_a_failure(page: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that hangs fails at the time limit, even in its own event loop."""
    monkeypatch.setattr(runner, "TIME_LIMIT", 0.1)
    with pytest.raises(PageError, match=r"page.md:\d: (it hangs|TimeoutError)"):
        run(page, fenced(source))


def test_a_skipped_block_has_a_reason(page: Path) -> None:
    """A block is skipped with a reason; a directive without a reason is reported as unknown."""
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


def test_comments_beside_values_are_checked(page: Path) -> None:
    """The comments beside `print(...)` and bare expressions are compared with their values, in functions too."""
    text = fenced("def f():\n    print(1, 'a')  # 1 a\n\nf()  # None\n[1, 'a']  # [1, 'a']")
    assert run(page, text, exact=True).checked_comments == 3


@pytest.mark.parametrize("source", ["print(1)  # 2", "'a'  # a", "print(1)"])
def test_a_wrong_or_missing_comment_is_an_error(page: Path, source: str) -> None:
    """A comment that differs from the value fails, and so does a value without a comment."""
    with pytest.raises(PageError, match=r"page.md:\d: AssertionError"):
        run(page, fenced(source), exact=True)


def test_a_test_on_a_page_is_run_with_a_reset_emulator(page: Path) -> None:
    """A test on a page gets the package's fixtures and leaves no messages in the emulator."""
    text = fenced("await client.sms.send('09123456789', 'a')") + fenced(
        "async def test_it(wikipayam_client, wikipayam_emulator):\n"
        "    await wikipayam_client.sms.send('09123456789', 'b')\n"
        "    assert [sms.message for sms in wikipayam_emulator.ledger] == ['b']"
    )
    assert run(page, text).emulator.ledger == []


def test_the_process_is_restored(page: Path) -> None:
    """A page changes neither the environment nor the working directory nor the logging of the process."""
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


def test_indented_blocks_are_found(page: Path) -> None:
    """Blocks in lists, in tabs and in longer fences are found, and a fence within a fence is not a block."""
    text = '=== "Python"\n\n    ```python\n    a = 1\n    ```\n\n- ```sh\n  pip install a\n  ```\n\n````text\n```python\n````\n'
    page.write_text(text, "utf-8")
    found = [(one.parsed.language, one.parsed.source) for one in parse(page, lambda _: None).examples()]
    assert found == [("python", "a = 1\n"), ("sh", "pip install a\n"), ("text", "```python\n")]
    assert fences(page) == 7  # the inner fence is counted, so that it is noticed


def test_a_shell_block_is_split_into_commands() -> None:
    """Continuation lines are one command, and a comment may state the exit code."""
    source = "# first\nwikipayam send \\\n  --to 1\n\nwikipayam bulk a.csv  # exit code 3: some are unknown\n"
    assert list(commands(source)) == [
        Command("wikipayam send --to 1", 1, 0),
        Command("wikipayam bulk a.csv  # exit code 3: some are unknown", 4, 3),
    ]


def test_wikipayam_commands_are_run(page: Path) -> None:
    """A `wikipayam` command runs against the page's emulator in its folder; hidden blocks see its `output`."""
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
