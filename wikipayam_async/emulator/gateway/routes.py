"""Which handler answers which method and path, and where the token stands in the request."""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import TypeAlias

from attrs import frozen

from wikipayam_async.emulator.exchange import Request, Response
from wikipayam_async.emulator.gateway import receives, sending
from wikipayam_async.emulator.gateway.call import Call

Handler: TypeAlias = Callable[[Call], Response]


class TokenPlace(Enum):
    """Where a request carries its token."""

    HEADER = auto()
    """``Authorization: Bearer ...``."""
    QUERY = auto()
    """The query parameter ``password``; headers are not looked at."""


@frozen
class Route:
    """One endpoint.

    Attributes:
        handler: What answers it.
        token: Where its token stands.
    """

    handler: Handler
    token: TokenPlace = TokenPlace.HEADER


@frozen
class Match:
    """What a path leads to.

    Attributes:
        methods: The endpoints of the path, by method; none for an unknown path.
        argument: What stands in place of ``{id}``.
    """

    methods: Mapping[str, Route]
    argument: str = ""


_RECEIVES = "/receives/"
_ONE_RECEIVE: Mapping[str, Route] = {"GET": Route(receives.show)}

ROUTES: Mapping[str, Mapping[str, Route]] = {
    "/user/balance": {"GET": Route(sending.balance)},
    "/sms/send": {"POST": Route(sending.send_sms)},
    "/sms/deliver": {"POST": Route(sending.deliver)},
    "/sms/receive": {"POST": Route(receives.receive)},
    "/receives": {"GET": Route(receives.index), "DELETE": Route(receives.destroy)},
    "/receives/unread": {"GET": Route(receives.unread)},
    "/receives/unread/count": {"GET": Route(receives.unread_count)},
    "/receives/statistics": {"GET": Route(receives.statistics)},
    "/receives/mark-read": {**_ONE_RECEIVE, "POST": Route(receives.mark_read)},
    "/otp/sms/send": {"POST": Route(sending.send_otp)},
    "/voice-otp/send": {"POST": Route(sending.send_voice)},
    "/service/holoo": {"GET": Route(sending.send_holoo, TokenPlace.QUERY), "POST": Route(sending.send_holoo)},
}
"""Every fixed path of the API, without the prefix."""


def targets() -> list[str]:
    """List the endpoints.

    Returns:
        Their methods and paths, as in ``POST /sms/send`` and ``GET /receives/{id}``.
    """
    fixed = [f"{method} {path}" for path, methods in ROUTES.items() for method in methods]
    # A mark-read with GET is one message by the name of mark-read: an oddity, and no endpoint.
    return [target for target in fixed if target != "GET /receives/mark-read"] + [f"GET {_RECEIVES}{{id}}"]


def find(path: str) -> Match:
    """Find the endpoints of a path.

    Args:
        path: The path without the prefix, beginning with a slash.

    Returns:
        What it leads to.
    """
    argument = path.removeprefix(_RECEIVES)
    one = argument if argument != path and argument and "/" not in argument else ""
    if path in ROUTES:
        return Match(ROUTES[path], one)
    return Match(_ONE_RECEIVE, one) if one else Match({})


def token_of(request: Request, place: TokenPlace) -> str:
    """Take the token out of a request.

    Args:
        request: The request.
        place: Where the endpoint looks for it.

    Returns:
        The token, or nothing.
    """
    if place is TokenPlace.QUERY:
        return request.query.get("password", "")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
