"""Reading and answering the requests that are not for the gateway."""

from wikipayam_async.emulator.app import Receive, Send
from wikipayam_async.emulator.exchange import Response, asgi_headers


async def read_body(receive: Receive, *, limit: int) -> bytes | None:
    """Return the body of a request, or None if it exceeds the limit or is cut off.

    Args:
        receive: The ASGI channel.
        limit: The maximum number of bytes.
    """
    body, more = bytearray(), True
    while more and len(body) <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body) if len(body) <= limit else None


async def respond(response: Response, method: str, send: Send) -> None:
    """Send a response; for HEAD without its body.

    Args:
        response: The response.
        method: The method of the request.
        send: The ASGI channel.
    """
    await send({"type": "http.response.start", "status": response.status, "headers": asgi_headers(response)})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else response.body})
