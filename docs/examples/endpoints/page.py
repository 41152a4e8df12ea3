"""Writes docs/en/snippets.md from `calls.py`: `python -m docs.examples.endpoints.page`.

Every snippet is run against the emulator, and its curl command is made of the request that the emulator got.
"""

import ast
import contextlib
import inspect
import io
import json
import re
import shlex
import textwrap
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import anyio
from attrs import frozen

from wikipayam_async import AsyncWikipayam
from wikipayam_async.emulator import (
    DEFAULT_LINE,
    DEFAULT_TOKEN,
    TEHRAN,
    Emulator,
    EmulatorTransport,
    Exchange,
    ManualClock,
    Request,
    Response,
)

CALLS = Path(__file__).parent / "calls.py"
PAGE = Path(__file__).parents[2] / "en" / "snippets.md"
BASE_URL = "https://wikipayam.ir"
TOKEN = "$SMS_AUTH_TOKEN"  # noqa: S105 - a name, as a shell knows it

_SHOWN_HEADERS = ("authorization", "accept", "content-type")
_ANYTHING = "*/*"  # what curl says of its own accord
_ID = re.compile(r"[0-9a-f]{24}")
_PLAIN = re.compile(r"[0-9A-Za-z_.-]*")
_HARMLESS = re.compile(r"[0-9A-Za-z =:_-]*")
_HEAD = """\
# Snippets for every endpoint

Each call of the gateway, in Python and for curl. [Every endpoint](endpoints.md) tells what the gateway leaves open.

In Python, `client` is what `async with AsyncWikipayam(sender="10002000") as client:` gives, and the token comes from
`SMS_AUTH_TOKEN`. The [tutorial](tutorial.md) shows a whole program. Names that a snippet does not define, as `sent` and
`message`, come from one above it.

The curl commands send what the Python snippets send, and take the token from the same variable. Its value then stands
among the arguments of a running curl, which other users of the machine can see. Where that matters, write the header
into a file that only you can read, and hand it over with `-H @file`.

<!-- Written by docs/examples/endpoints/page.py: change docs/examples/endpoints/calls.py, and run it. -->
"""


@frozen
class Snippet:
    """One section of the page.

    Attributes:
        title: Its heading.
        text: What it says; may be empty.
        setup: Code that is run before it and not shown; may be empty.
        code: What is shown and run.
    """

    title: str
    text: str
    setup: str
    code: str


class RecordingEmulator(Emulator):
    """An emulator that keeps what was asked and answered, and is in every run the same."""

    def __init__(self) -> None:
        super().__init__(clock=ManualClock(), wall=datetime(2025, 1, 1, tzinfo=TEHRAN))
        self.seen: list[tuple[Request, Response | None]] = []

    def exchange(self, request: Request) -> Exchange:
        """Answer a request, and keep both."""
        exchange = super().exchange(request)
        self.seen.append((request, exchange.response))
        return exchange


def read_snippets(source: str) -> list[Snippet]:
    """Read the snippets of a module, in their order."""
    module = ast.parse(source)
    imports = [node for node in module.body if isinstance(node, ast.ImportFrom)]
    plain = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    defined: set[str] = set()
    snippets = []
    for node in module.body:
        if isinstance(node, ast.AsyncFunctionDef):
            title, _, text = (ast.get_docstring(node) or "").partition("\n\n")
            setup = "".join(_setup(source, imports, plain[name], defined) for name in _needed(node))
            code = _with_imports(imports, node.body[1:], _body(source, node))
            snippets.append(Snippet(title.removesuffix("."), text, setup, code))
    return snippets


def _needed(node: ast.AsyncFunctionDef) -> list[str]:
    """Name what has to happen before a snippet."""
    calls = [one for one in node.decorator_list if isinstance(one, ast.Call)]
    return [argument.id for call in calls for argument in call.args if isinstance(argument, ast.Name)]


def _setup(source: str, imports: Iterable[ast.ImportFrom], node: ast.FunctionDef, defined: set[str]) -> str:
    call = f"{node.name}(emulator)\n"
    if node.name in defined:
        return call
    defined.add(node.name)
    whole = ast.get_source_segment(source, node)
    return _with_imports(imports, [node], f"{whole}\n\n\n{call}")


def _body(source: str, node: ast.AsyncFunctionDef) -> str:
    """Return what stands below the docstring."""
    lines = source.splitlines()[node.body[1].lineno - 1 : node.end_lineno]
    return textwrap.dedent("\n".join(lines)) + "\n"


def _with_imports(imports: Iterable[ast.ImportFrom], body: Sequence[ast.stmt], code: str) -> str:
    """Put the imports that code needs above it."""
    used = {node.id for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name)}
    lines = []
    for node in imports:
        names = [alias.name for alias in node.names if alias.name in used]
        if names:
            lines.append(f"from {node.module} import {', '.join(names)}\n")
    return "".join(lines) + ("\n" if lines else "") + code


async def play(snippets: Iterable[Snippet], emulator: Emulator) -> AsyncIterator[Snippet]:
    """Run snippets one after the other, in one namespace; yield each when it has run."""
    transport = EmulatorTransport(emulator)
    async with AsyncWikipayam(DEFAULT_TOKEN, sender=DEFAULT_LINE, base_url=BASE_URL, transport=transport) as client:
        namespace: dict[str, object] = {"client": client, "emulator": emulator}
        for snippet in snippets:
            await run(snippet.setup + snippet.code, namespace)
            yield snippet


async def run(code: str, namespace: dict[str, object]) -> None:
    """Run code that may await at its top level."""
    compiled = compile(code, "<snippet>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(compiled, namespace)  # noqa: S307 - our own code
    if inspect.isawaitable(result):
        await result


def endpoint_of(request: Request) -> str:
    """Name the endpoint of a request, as the gateway's documentation does."""
    return f"{request.method} {_ID.sub('{id}', request.path.removeprefix('/api/v1'))}"


def curl_of(request: Request) -> str:
    """Write the curl command that makes a request; the token in it is a variable of the shell."""
    url = BASE_URL + request.path
    fields: list[str] = []
    if all(map(_PLAIN.fullmatch, request.query.values())):
        url += "".join(f"{'&' if n else '?'}{name}={value}" for n, (name, value) in enumerate(request.query.items()))
    else:
        fields = [f"--data-urlencode {_quoted(f'{name}={value}')}" for name, value in request.query.items()]
    method = f"-X {request.method} " if request.method != "GET" else "-G " if fields else ""
    headers = [(name, request.headers.get(name, _ANYTHING)) for name in _SHOWN_HEADERS]
    arguments = [
        f"curl {method}{_quoted(url)}",
        *(f"-H {_quoted(f'{name.title()}: {value}')}" for name, value in headers if value != _ANYTHING),
        *fields,
        *([f"-d {_quoted(_json(request.body))}"] if request.body else []),
    ]
    return " \\\n  ".join(arguments) + "\n"


def _json(body: bytes) -> str:
    """Write a body on one line, as people write JSON."""
    return json.dumps(json.loads(body), ensure_ascii=False)


def _quoted(value: str) -> str:
    """Quote a word for a shell, with a variable in place of the token."""
    parts = value.split(DEFAULT_TOKEN)
    if len(parts) == 1:
        return f"'{value}'" if shlex.quote(value) == value else shlex.quote(value)
    if all(map(_HARMLESS.fullmatch, parts)):
        return f'"{TOKEN.join(parts)}"'
    return f'"{TOKEN}"'.join(map(shlex.quote, parts))


def section(snippet: Snippet, request: Request) -> str:
    """Write one section of the page."""
    hidden = f"<!--- invisible-code-block: python\n{snippet.setup}-->\n\n" if snippet.setup else ""
    text = f"{snippet.text}\n\n" if snippet.text else ""
    return (
        f"\n## {snippet.title}\n\n`{endpoint_of(request)}`\n\n{text}{hidden}"
        f"```python\n{snippet.code}```\n\n```sh\n{curl_of(request)}```\n"
    )


async def make_page() -> str:
    """Run all snippets, and write the page."""
    emulator = RecordingEmulator()
    sections = []
    with contextlib.redirect_stdout(io.StringIO()):
        async for snippet in play(read_snippets(CALLS.read_text(encoding="utf-8")), emulator):
            ((request, _),) = emulator.seen  # one call, one request
            emulator.seen.clear()
            sections.append(section(snippet, request))
    return _HEAD + "".join(sections)


if __name__ == "__main__":
    PAGE.write_text(anyio.run(make_page), encoding="utf-8")
