"""`wikipayam pattern`, which makes no request."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from wikipayam_async.cli.exits import Exit
from wikipayam_async.cli.output import Output, counted
from wikipayam_async.cli.prompts import read_text
from wikipayam_async.cli.session import OutputOptions, guarded
from wikipayam_async.cli.values import WholeNumber
from wikipayam_async.verification.pattern import check_otp_pattern

__all__ = ["pattern"]


def pattern(
    text: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    host: str | None = None,
    placeholder: str = "{code}",
    digits: WholeNumber = 6,
    output: OutputOptions = OutputOptions(),
) -> Exit:
    """Check the text of a one-time code's pattern: its parts, and whether phones offer the code for input.

    The exit code is 1 if there is a problem.

    Args:
        text: The text of the pattern; - reads it from stdin.
        host: The host of the login page, such as shop.example, for the line that phones read.
        placeholder: What stands for the code in the text.
        digits: The number of digits of a code.
        output: How to show the result.
    """
    out = Output(json=output.json)

    def check() -> Exit:
        found = check_otp_pattern(read_text(text), host=host, placeholder=placeholder, code_length=digits)
        out.explain(f"{counted(found.parts.parts, 'part')} in {found.parts.encoding}: {found.parts.units} units")
        for problem in found.problems:
            out.explain(f"{problem.rule}: {problem.text}")
        if found.ok:
            out.explain("no problem found")
        out.emit(
            {
                "ok": found.ok,
                "sample": found.sample,
                "parts": found.parts.parts,
                "encoding": found.parts.encoding,
                "units": found.parts.units,
                "autofill_line": found.autofill_line,
                "problems": [{"rule": one.rule, "text": one.text} for one in found.problems],
            }
        )
        return Exit.OK if found.ok else Exit.REJECTED

    return guarded(out, check)
