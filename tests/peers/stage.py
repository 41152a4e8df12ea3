"""Plays events: a loopback server in this process, the peer in one of its own, and a hard limit on both."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote_plus

import attrs
import trustme
from anyio.from_thread import BlockingPortal, start_blocking_portal

from tests.peers.events import EVENTS, Event
from tests.peers.job import Job, Record, read, write
from tests.peers.peers import PEERS, VARIANTS, Peer, concerns
from tests.support.net import authority, server_tls
from tests.support.raw import RawRequest, raw_gateway

__all__ = ["nowhere", "play_all", "receiver_in"]

ROOT = Path(__file__).parents[2]

_GRACE = 20.0
_PHONE = re.compile(r"[+0-9۰-۹][0-9۰-۹ ]{8,14}[0-9۰-۹]")


def receiver_in(request: RawRequest) -> str:
    """Find the receiver's number in a request, whatever its form."""
    text = request.body.decode()
    if "json" in request.headers.get("content-type", ""):
        text = json.dumps(json.loads(text), ensure_ascii=False)
    else:
        text = unquote_plus(text)
    numbers = [found for found in _PHONE.findall(text) if found != "10002000"]
    return numbers[0] if numbers else ""


def play_all(say: Callable[[str], None], site: str, names: Collection[str]) -> Iterator[Record]:
    """Play every event to the peers named; those who wait in silence do so beside the others."""
    peers = [peer for peer in (PEERS | VARIANTS).values() if not names or peer.name in names]
    with TemporaryDirectory() as folder, start_blocking_portal() as portal, ThreadPoolExecutor(len(peers)) as beside:
        file = f"{folder}/authority.pem"
        _authority().cert_pem.write_to_path(file)
        play = partial(_play, portal, file, site)
        silence = EVENTS["silence"]
        say(f"silence, up to {silence.limit:.0f} seconds, beside all others")
        waiting = beside.map(partial(play, silence), [peer for peer in peers if concerns(silence, peer)])
        for event in EVENTS.values():
            if event is silence:
                continue
            say(event.name)
            yield from (play(event, peer) for peer in peers if concerns(event, peer))
        say("waiting for the end of the silence")
        yield from waiting


_making = threading.Lock()


def _authority() -> trustme.CA:
    with _making:
        return authority()


def _play(portal: BlockingPortal, file: str, site: str, event: Event, peer: Peer) -> Record:
    """Play one event to one peer."""
    tls = server_tls() if peer.speaks_tls else None
    with portal.wrap_async_context_manager(raw_gateway(event.handler(peer.distribution), tls=tls)) as gateway:
        job = Job(
            peer.name,
            nowhere(gateway.url) if event.nobody_listens else gateway.url,
            file,
            site,
            receiver=event.receiver,
            sends=event.sends,
            way=event.way,
            timeout=event.timeout if peer.has_timeout else None,
            limit=event.limit,
        )
        found = _in_a_process(job)
        return attrs.evolve(
            found,
            event=event.name,
            posts=len(gateway.requests),
            opened=gateway.opened,
            idempotency=any("idempotency-key" in request.headers for request in gateway.requests),
            received=receiver_in(gateway.requests[0]) if gateway.requests else "",
        )


def nowhere(url: str) -> str:
    """Return the address of a port of the loopback on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"{url.rpartition(':')[0]}:{taken.getsockname()[1]}"


def _in_a_process(job: Job) -> Record:
    with _process() as process:
        try:
            told, complaint = process.communicate(write(job) + "\n", timeout=job.limit + _GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Record(job.peer, "", note="still waiting", seconds=job.limit)
    lines = told.strip().splitlines()
    if process.returncode or not lines:
        return Record(job.peer, "", note=f"the process failed: {complaint.strip().splitlines()[-1:]}")
    return read(Record, lines[-1])


@contextmanager
def _process() -> Iterator[subprocess.Popen[str]]:
    """Start a peer's process, with nothing of this one's surroundings that could lead it elsewhere."""
    surroundings = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.peers.child"],
        cwd=ROOT,
        env=surroundings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        yield process
