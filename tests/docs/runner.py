"""Run a page: its blocks in order, in one namespace and one task, against a new emulator."""

from __future__ import annotations

import ast
import inspect
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import SkipTest

import anyio
from anyio.from_thread import start_blocking_portal
from attrs import define, field
from sybil import Example

from docs.tools.embed import embedded_files
from tests.docs.checked_comments import CheckedComments, starts_a_loop
from tests.docs.pages import Block, name_of, parse
from tests.docs.sandbox import MainThread, PageClock, restored_process
from tests.docs.shell import commands, is_known, is_known_powershell, run_command
from wikipayam_async import AsyncWikipayam
from wikipayam_async.emulator import DEFAULT_LINE, Emulator, create_server_app, serve
from wikipayam_async.testing import ManualClock, emulator_environ

__all__ = ["PageError", "PageResult", "run_page"]

TIME_LIMIT = 30.0
"""Seconds that a block may take. Delays of clients are on virtual time, so only a block that hangs takes so long."""

MODULE = "page_of_the_documentation"


class PageError(AssertionError):
    """A failure of a page, with its line."""


@define
class PageResult:
    """The result of a page.

    Attributes:
        emulator: The emulator that its blocks used.
        counts: The number of blocks of each kind: `python`, `hidden`, `embedded`, `quoted`, `skipped`, `sh`, ...
        checked_comments: The number of comments that were checked and true.
    """

    emulator: Emulator
    counts: Counter[str] = field(factory=Counter)
    checked_comments: int = 0


def run_page(page: Path, folder: Path, *, quotes: Sequence[Path] = (), exact: bool = False) -> PageResult:
    """Run a page.

    Args:
        page: The file of the page.
        folder: An empty folder, which becomes the working directory.
        quotes: The files that the page quotes; its blocks are parts of them and not run here.
        exact: Whether the comment beside a `print(...)` or an expression must be what it prints or its `repr`.

    Raises:
        PageError: A block fails, takes too long, or is of a kind that cannot be run.
    """
    clock = PageClock()
    result, main_thread = PageResult(Emulator(clock=clock.emulated)), MainThread(TIME_LIMIT)
    app = create_server_app(result.emulator)
    with (
        serve(result.emulator, app=app) as server,
        restored_process(folder, emulator_environ(server)),
        clock.in_force(),
    ):
        runner = _PageRunner(page, result, main_thread, quotes, CheckedComments() if exact else None)
        with start_blocking_portal("asyncio") as portal:
            done = portal.start_task_soon(runner.run)
            main_thread.serve_until(done)
        if runner.failure is not None:  # before errors of what the page left open
            raise runner.failure
        done.result()
    return result


async def _nothing() -> None:
    """Do nothing."""


class _PageRunner:
    """Runs the blocks of a page.

    Attributes:
        failure: The first failure of a block.
    """

    def __init__(
        self,
        page: Path,
        result: PageResult,
        main_thread: MainThread,
        quotes: Sequence[Path],
        comments: CheckedComments | None,
    ) -> None:
        self._name = name_of(page)
        self._result = result
        self._main_thread = main_thread
        self._comments = comments
        self._quotes = [file.read_text("utf-8") for file in quotes]
        self._programs = [Path(file).name for file in embedded_files(page.read_text("utf-8"))]
        self._started, self._line = 0.0, 1
        self.failure: PageError | None = None
        self._next: Callable[[], Awaitable[None]] = _nothing
        self._document = parse(page, self._prepare)
        # A real module, since dataclasses, pydantic and others look up the module of a class.
        self._module = ModuleType(MODULE)
        self._document.namespace = self._module.__dict__

    async def run(self) -> None:
        """Run every block; a failure is kept in `failure`."""
        self._started = anyio.current_time()
        client = AsyncWikipayam(sender=DEFAULT_LINE)
        self._module.__dict__.update(client=client, emulator=self._result.emulator)
        if self._comments:
            self._module.__dict__.update(self._comments.names)
        sys.modules[MODULE] = self._module
        try:
            async with anyio.create_task_group() as group, client:
                group.start_soon(self._watch, group.cancel_scope)
                await self._blocks()
                group.cancel_scope.cancel()
        finally:
            del sys.modules[MODULE]
        if self._comments:
            self._result.checked_comments = self._comments.checked

    async def _watch(self, scope: anyio.CancelScope) -> None:
        """Cancel the page when a block takes too long; a deadline would be visible to the clients."""
        started = None
        while started != self._started:
            started = self._started
            await anyio.sleep_until(started + TIME_LIMIT)
        self.failure = PageError(f"{self._name}:{self._line}: it hangs")
        scope.cancel()

    async def _blocks(self) -> None:
        try:
            for example in self._document.examples():
                self._started, self._line = anyio.current_time(), example.line
                await self._block(example)
        except PageError as error:
            self.failure = error

    async def _block(self, example: Example) -> None:
        self._next = _nothing
        try:
            example.evaluate()
            await self._next()
        except SkipTest:
            self._result.counts["skipped"] += 1
        except PageError:
            raise
        except (Exception, SystemExit) as error:
            line = self._line_of(error) or example.line
            raise PageError(f"{self._name}:{line}: {type(error).__name__}: {error}") from error

    def _line_of(self, error: BaseException) -> int | None:
        """Return the innermost line of the page in an error's traceback."""
        lines = []
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._document.path:
                lines.append(trace.tb_lineno)
            trace = trace.tb_next
        return lines[-1] if lines else error.lineno if isinstance(error, SyntaxError) else None

    def _prepare(self, example: Example) -> None:
        """Decide what to do with a block; it is done later, since Sybil's evaluators are not async."""
        block: Block = example.parsed
        kind, do = self._action(example, block)
        self._result.counts[kind] += 1
        self._next = do

    def _action(self, example: Example, block: Block) -> tuple[str, Callable[[], Awaitable[None]]]:
        if block.embedded:
            return "embedded", _nothing
        if block.language == "python":
            if self._quotes and not block.hidden:
                found = [block.raw in text for text in self._quotes].count(True)
                assert found == 1, f"the block is in {found} of the quoted files"
                return "quoted", _nothing
            return "hidden" if block.hidden else "python", lambda: self._python(example, block)
        if block.language in {"sh", "console"}:
            return "sh", lambda: self._shell(example, block.source)
        if block.language == "powershell":
            for command in commands(block.source):
                assert is_known_powershell(command), f"cannot be run: {command.line}"
        elif block.language == "json":
            json.loads(block.source)
        elif block.language == "toml":
            tomllib.loads(block.source)
        else:
            assert block.language == "text", f"cannot run {block.language or 'a block without a language'}"
        return block.language, _nothing

    async def _python(self, example: Example, block: Block) -> None:
        padded = "\n" * example.line + block.source
        path = self._document.path
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree = compile(padded, path, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        if self._comments and not block.hidden:
            tree = self._comments.put_into(tree, padded)
        code = compile(tree, path, "exec", flags, dont_inherit=True)
        names = self._module.__dict__
        if starts_a_loop(tree.body):
            await self._main_thread.do(lambda: exec(code, names))  # noqa: S102 - the project's own pages
            return
        value = eval(code, names)  # noqa: S307 - the project's own pages
        if inspect.iscoroutine(value):
            await value
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        for name in functions:
            if name.startswith("test_") and not block.hidden:
                await self._test(names[name])

    async def _test(self, test: Callable[..., Any]) -> None:
        """Run a test of a page with the fixtures of the package's pytest plugin and a reset emulator."""
        self._result.emulator.reset()
        fixtures = {
            "wikipayam_emulator": self._result.emulator,
            "wikipayam_client": self._module.__dict__["client"],
            "wikipayam_clock": ManualClock(),  # not the emulator's, which has that of the page
        }
        value = test(**{name: fixtures[name] for name in inspect.signature(test).parameters})
        if inspect.iscoroutine(value):
            await value
        self._result.emulator.reset()

    async def _shell(self, example: Example, source: str) -> None:
        for command in commands(source):
            line = example.line + 1 + command.offset
            if not command.line.startswith("wikipayam "):
                if not is_known(command, self._programs):
                    raise PageError(f"{self._name}:{line}: cannot be run: {command.line}")
                continue
            words = command.words
            result = await self._main_thread.do(lambda: run_command(words))  # noqa: B023 - it is awaited
            self._module.__dict__["output"] = result.out
            if result.exit_code != command.exit_code:
                message = f"exit code {result.exit_code}, not {command.exit_code}\n{result.out}{result.err}"
                raise PageError(f"{self._name}:{line}: {message}")
