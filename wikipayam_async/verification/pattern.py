"""Checks of a pattern's text: its parts with a code filled in, and whether phones offer the code for input."""

from __future__ import annotations

import re
from itertools import pairwise

from attrs import field, frozen

from wikipayam_async.checks import check_number, without_frames
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.redact.masks import shape_of
from wikipayam_async.text.parts import SmsParts, count_parts

__all__ = ["OtpPatternCheck", "OtpPatternProblem", "check_otp_pattern"]

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_NUMBER = re.compile(r"(?<!\d)\d{4,10}(?!\d)")
_LONGEST_PLACEHOLDER = 64
_LONGEST_CODE = 32


@frozen
class OtpPatternProblem:
    """What keeps people or phones from finding the code.

    Attributes:
        rule: The rule in one word: `no_code`, `readable_code`, `adjacent`, `other_number`, `autofill_missing`,
            `autofill_not_last` or `autofill_spelling`.
        text: What is wrong, and what to write instead.
    """

    rule: str
    text: str


@frozen(kw_only=True)
class OtpPatternCheck:
    """What `check_otp_pattern` found.

    Attributes:
        sample: The text as it arrives, with a sample code in it. The gateway sends the digits of codes as ASCII.
        parts: The size of that text; every part is charged.
        autofill_line: The line that phones read, with the placeholder: write it exactly so. None without a host.
        problems: What is wrong.
    """

    sample: str
    parts: SmsParts
    autofill_line: str | None
    problems: tuple[OtpPatternProblem, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether there is no problem."""
        return not self.problems


@without_frames
def check_otp_pattern(
    text: str, *, host: str | None = None, placeholder: str = "{code}", code_length: int = 6
) -> OtpPatternCheck:
    r"""Check the text of a pattern before you enter it in the panel.

    With a host, it must end with a line that Android's browser (WebOTP) and iOS read, and nothing else: `@`, the host, one
    space, `#`, the code in ASCII digits. People need the code in the text before it, too::

        check_otp_pattern("کد ورود: {code}\n\n@shop.example #{code}", host="shop.example").ok

    Args:
        text: The text of the pattern.
        host: The host of your login page, such as `shop.example`, without `https://`; None for no autofill.
        placeholder: What stands for the code in the text.
        code_length: The number of digits of your codes.

    Raises:
        InvalidInputError: An argument is invalid.
    """
    if not isinstance(text, str):
        raise InvalidInputError("text", rule="expected a string", got=shape_of(text))
    if not isinstance(placeholder, str) or not 0 < len(placeholder) <= _LONGEST_PLACEHOLDER or "\n" in placeholder:
        raise InvalidInputError("placeholder", rule="expected a word such as {code}", got=shape_of(placeholder))
    if host is not None and (not isinstance(host, str) or not _HOST.fullmatch(host)):
        rule = "expected a host in lower-case ASCII such as shop.example, without https:// and port"
        raise InvalidInputError("host", rule=rule, got=shape_of(host))
    check_number(code_length, field="code_length", minimum=4, maximum=_LONGEST_CODE)
    sample = text.replace(placeholder, "1234567890"[:code_length].ljust(code_length, "0"))
    line = None if host is None else f"@{host} #{placeholder}"
    problems = [*_code_problems(text, placeholder, line), *([] if line is None else _line_problems(text, line))]
    return OtpPatternCheck(sample=sample, parts=count_parts(sample), autofill_line=line, problems=tuple(problems))


def _code_problems(text: str, placeholder: str, line: str | None) -> list[OtpPatternProblem]:
    """Return what is wrong with the part that people read."""
    if placeholder not in text:
        return [OtpPatternProblem("no_code", f"the text has no {placeholder}, so no code is sent")]
    problems = []
    lines = text.split("\n")
    readable = "\n".join(one for one in lines if line is None or not one.lstrip().startswith("@"))
    if placeholder not in readable:
        problems.append(
            OtpPatternProblem(
                "readable_code",
                f"write {placeholder} before the last line, too: not every phone reads that line, and people do not",
            )
        )
    pieces = readable.split(placeholder)
    touching = any(before[-1:].isalnum() or after[:1].isalnum() for before, after in pairwise(pieces))
    if touching or not all(pieces[1:-1]):
        problems.append(
            OtpPatternProblem("adjacent", f"put a space or a colon between {placeholder} and letters or digits")
        )
    if _NUMBER.search(readable.replace(placeholder, "")):
        problems.append(
            OtpPatternProblem(
                "other_number", "the text has another number of 4 to 10 digits, which phones may offer as the code"
            )
        )
    return problems


def _line_problems(text: str, line: str) -> list[OtpPatternProblem]:
    """Return what is wrong with the line that phones read."""
    lines = text.split("\n")
    if lines[-1] == line:
        return []
    if line in lines:
        return [
            OtpPatternProblem(
                "autofill_not_last", f"nothing may follow the line {line}, not even an empty line or a space"
            )
        ]
    if any(one.lstrip().startswith("@") for one in lines):
        return [
            OtpPatternProblem(
                "autofill_spelling",
                f"write the last line exactly so: {line} (the host alone, one space, ASCII characters, nothing after it)",
            )
        ]
    return [OtpPatternProblem("autofill_missing", f"end the text with the line {line}")]
