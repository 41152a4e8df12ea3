"""Refused calls of the control API."""

from attrs import frozen


@frozen
class Problem:
    """Why a call was refused.

    Attributes:
        message: What is wrong.
        hint: What to do about it.
    """

    message: str
    hint: str


class Refusal(Exception):  # noqa: N818 - a refusal is a response, not an error of the emulator
    """Raised to refuse a call. Nothing has been changed when it is raised.

    Attributes:
        status: The status of the response.
        problem: Its body.
        headers: Additional headers.
    """

    def __init__(self, status: int, message: str, hint: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(message, hint)
        self.headers = headers or {}
