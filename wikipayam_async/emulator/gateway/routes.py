"""The routing table: method and path to handler, and to the place of the token in the request."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from attrs import frozen

from wikipayam_async.emulator.exchange import Request, Response
from wikipayam_async.emulator.gateway import receives, sending
from wikipayam_async.emulator.gateway.endpoint_request import EndpointRequest

Handler: TypeAlias = Callable[[EndpointRequest], Response]


def _bearer_token(request: Request) -> str:
    """Return the token of the header `Authorization: Bearer ...`, or an empty text."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _password(request: Request) -> str:
    """Return the token of the query parameter `password`, or an empty text; headers are ignored."""
    return request.query.get("password", "")


@frozen
class Route:
    """One endpoint.

    Attributes:
        handler: Processes the request.
        token_of: Returns the token of a request, or an empty text.
    """

    handler: Handler
    token_of: Callable[[Request], str] = _bearer_token


@frozen
class Match:
    """The endpoints of a path.

    Attributes:
        methods: The endpoints by method; empty for an unknown path.
        path_id: The part of the path that matches `{id}`.
    """

    methods: Mapping[str, Route]
    path_id: str = ""

    @property
    def allowed(self) -> list[str]:
        """The supported methods, as Laravel lists them: GET brings HEAD."""
        return [name for method in self.methods for name in ((method, "HEAD") if method == "GET" else (method,))]


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
    "/service/holoo": {"GET": Route(sending.send_holoo, _password), "POST": Route(sending.send_holoo)},
}
"""The fixed paths of the API, without the prefix."""


def targets() -> list[str]:
    """Return the method and path of every endpoint, as in `POST /sms/send` and `GET /receives/{id}`."""
    fixed = [f"{method} {path}" for path, methods in ROUTES.items() for method in methods]
    # GET /receives/mark-read looks up a message with the id `mark-read`; it is not an endpoint of its own.
    return [target for target in fixed if target != "GET /receives/mark-read"] + [f"GET {_RECEIVES}{{id}}"]


def find(path: str) -> Match:
    """Return the endpoints of a path, which has no prefix and starts with a slash."""
    rest = path.removeprefix(_RECEIVES)
    path_id = rest if rest != path and rest and "/" not in rest else ""
    if path in ROUTES:
        return Match(ROUTES[path], path_id)
    return Match(_ONE_RECEIVE, path_id) if path_id else Match({})
