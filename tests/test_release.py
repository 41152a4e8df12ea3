"""The checks of the files of a release."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from tests.release import check_urls


class _Pages(BaseHTTPRequestHandler):
    """One page, at `/`."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Write nothing."""


def test_a_url_that_leads_to_no_page_is_told_from_one_that_cannot_be_reached() -> None:
    """The first stops the release; a machine without a way to the second can still make the files."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    with HTTPServer(("127.0.0.1", 0), _Pages) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_port}/"
        wrong, unreached = check_urls([here, f"{here}gone", closed])
        server.shutdown()
    assert [line.partition(": ")[0] for line in wrong] == [f"{here}gone"]
    assert [line.partition(" was not checked, open it yourself: ")[0] for line in unreached] == [closed]
