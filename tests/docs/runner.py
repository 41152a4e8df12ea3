"""Runs a page: its blocks in order, in one namespace and one task, against an emulator that is new for it."""

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

from tests.docs.checked_comments import Promises, starts_a_loop
from tests.docs.pages import Block, included, is_included, name_of, parse
from tests.docs.sandbox import Desk, Times, process_as_it_was
from tests.docs.shell import commands, is_harmless, is_harmless_powershell, run_command
from wikipayam_async import AsyncWikipayam
from wikipayam_async.emulator import DEFAULT_LINE, Emulator, serve
from wikipayam_async.testing import emulator_environ

__all__ = ["PageError", "Ran", "run_page"]

LONGEST = 30.0
"""Seconds that a block may take. Its clients' pauses cost no time, so only what hangs takes so long."""

MODULE = "page_of_the_documentation"


class PageError(AssertionError):
    """A page is wrong: where, and how."""


@define
class Ran:
    """What came of a page.

    Attributes:
        emulator: What its blocks sent to.
        counts: How many blocks there were of each kind: `python`, `hidden`, `included`, `quoted`, `skipped`, `sh`, ...
        promises: How many comments were found true.
    """

    emulator: Emulator
    counts: Counter[str] = field(factory=Counter)
    promises: int = 0


def run_page(page: Path, folder: Path, *, quotes: Sequence[Path] = (), exact: bool = False) -> Ran:
    """Run a page.

    Args:
        page: Its file.
        folder: An empty folder, which is the working directory meanwhile.
        quotes: The files that the page's blocks are taken from, and are run with.
        exact: Whether the comment beside a `print(...)` or an expression is what it prints, or is.

    Raises:
        PageError: A block fails, takes too long, or is of a kind that nobody runs.
    """
    times = Times()
    ran, desk = Ran(Emulator(clock=times.emulated)), Desk(LONGEST)
    with serve(ran.emulator) as server, process_as_it_was(folder, emulator_environ(server)), times.in_force():
        run = _Run(page, ran, desk, quotes, Promises() if exact else None)
        with start_blocking_portal("asyncio") as portal:
            done = portal.start_task_soon(run.all)
            desk.serve_until(done)
        if run.wrong is not None:  # what was left open then complains too
            raise run.wrong
        done.result()
    return ran


async def _nothing() -> None:
    """Do nothing more."""


class _Run:
    """A page in flight."""

    def __init__(self, page: Path, ran: Ran, desk: Desk, quotes: Sequence[Path], promises: Promises | None) -> None:
        self._name = name_of(page)
        self._ran = ran
        self._desk = desk
        self._promises = promises
        self._quotes = [file.read_text("utf-8") for file in quotes]
        self._programs = [Path(file).name for file in included(page)]
        self._begun, self._line = 0.0, 1
        self.wrong: PageError | None = None
        self._next: Callable[[], Awaitable[None]] = _nothing
        self._document = parse(page, self._prepare)
        # A module of its own, since dataclasses, pydantic and others look up where a class was made.
        self._module = ModuleType(MODULE)
        self._document.namespace = self._module.__dict__

    async def all(self) -> None:
        """Run block after block; what is wrong with one is in `wrong`."""
        self._begun = anyio.current_time()
        client = AsyncWikipayam(sender=DEFAULT_LINE)
        self._module.__dict__.update(client=client, emulator=self._ran.emulator)
        if self._promises:
            self._module.__dict__.update(self._promises.names)
        sys.modules[MODULE] = self._module
        try:
            async with anyio.create_task_group() as group, client:
                group.start_soon(self._watch, group.cancel_scope)
                await self._blocks()
                group.cancel_scope.cancel()
        finally:
            del sys.modules[MODULE]
        if self._promises:
            self._ran.promises = self._promises.kept

    async def _watch(self, scope: anyio.CancelScope) -> None:
        """End the page when a block takes too long. No scope has a deadline for it, since clients would heed that."""
        begun = None
        while begun != self._begun:
            begun = self._begun
            await anyio.sleep_until(begun + LONGEST)
        self.wrong = PageError(f"{self._name}:{self._line}: it hangs")
        scope.cancel()

    async def _blocks(self) -> None:
        try:
            for example in self._document.examples():
                self._begun, self._line = anyio.current_time(), example.line
                await self._one(example)
        except PageError as error:
            self.wrong = error

    async def _one(self, example: Example) -> None:
        self._next = _nothing
        try:
            example.evaluate()
            await self._next()
        except SkipTest:
            self._ran.counts["skipped"] += 1
        except PageError:
            raise
        except (Exception, SystemExit) as error:
            line = self._line_of(error) or example.line
            raise PageError(f"{self._name}:{line}: {type(error).__name__}: {error}") from error

    def _line_of(self, error: BaseException) -> int | None:
        """Find the line of the page that an error came by, the innermost."""
        lines = []
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self._document.path:
                lines.append(trace.tb_lineno)
            trace = trace.tb_next
        return lines[-1] if lines else error.lineno if isinstance(error, SyntaxError) else None

    def _prepare(self, example: Example) -> None:
        """Look at a block, and say what is to be done with it: Sybil's evaluators cannot wait."""
        block: Block = example.parsed
        kind, do = self._what_to_do(example, block)
        self._ran.counts[kind] += 1
        self._next = do

    def _what_to_do(self, example: Example, block: Block) -> tuple[str, Callable[[], Awaitable[None]]]:
        if is_included(block.source):
            return "included", _nothing
        if block.language == "python":
            if self._quotes and not block.hidden:
                found = [block.raw in text for text in self._quotes].count(True)
                assert found == 1, f"stands in {found} of the files"
                return "quoted", _nothing
            return "hidden" if block.hidden else "python", lambda: self._python(example, block)
        if block.language in {"sh", "console"}:
            return "sh", lambda: self._shell(example, block.source)
        if block.language == "powershell":
            for command in commands(block.source):
                assert is_harmless_powershell(command), f"nobody runs this: {command.line}"
        elif block.language == "json":
            json.loads(block.source)
        elif block.language == "toml":
            tomllib.loads(block.source)
        else:
            assert block.language == "text", f"nobody runs {block.language or 'a block without a language'}"
        return block.language, _nothing

    async def _python(self, example: Example, block: Block) -> None:
        padded = "\n" * example.line + block.source
        path = self._document.path
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        tree = compile(padded, path, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
        if self._promises and not block.hidden:
            tree = self._promises.put_into(tree, padded)
        code = compile(tree, path, "exec", flags, dont_inherit=True)
        names = self._module.__dict__
        if starts_a_loop(tree.body):
            await self._desk.do(lambda: exec(code, names))  # noqa: S102 - our own pages
            return
        value = eval(code, names)  # noqa: S307 - our own pages
        if inspect.iscoroutine(value):
            await value
        functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        for name in functions:
            if name.startswith("test_") and not block.hidden:
                await self._test(names[name])

    async def _test(self, test: Callable[..., Any]) -> None:
        """Run a test that a page shows, as pytest would with this package's plugin: the emulator is new for it."""
        self._ran.emulator.reset()
        fixtures = {"wikipayam_emulator": self._ran.emulator, "wikipayam_client": self._module.__dict__["client"]}
        value = test(**{name: fixtures[name] for name in inspect.signature(test).parameters})
        if inspect.iscoroutine(value):
            await value
        self._ran.emulator.reset()

    async def _shell(self, example: Example, source: str) -> None:
        for command in commands(source):
            line = example.line + 1 + command.offset
            if not command.line.startswith("wikipayam "):
                if not is_harmless(command, self._programs):
                    raise PageError(f"{self._name}:{line}: nobody runs this: {command.line}")
                continue
            words = command.words
            said = await self._desk.do(lambda: run_command(words))  # noqa: B023 - it is awaited
            self._module.__dict__["output"] = said.out
            if said.exit_code != command.exit_code:
                told = f"exit code {said.exit_code}, not {command.exit_code}\n{said.out}{said.err}"
                raise PageError(f"{self._name}:{line}: {told}")
