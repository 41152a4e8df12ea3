from __future__ import annotations

import logging

import pytest

from wikipayam_async.emulator import DEFAULT_TOKEN, Emulator
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.lab.call import SdkCall
from wikipayam_async.lab.gateway import emulated
from wikipayam_async.lab.preview import preview


@pytest.mark.anyio
async def test_a_preview_sends_nothing_and_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The request is built by the client, reaches no gateway and no log, and has no token in it."""
    emulator = Emulator()
    with caplog.at_level(logging.DEBUG, "wikipayam_async"):
        shown = await preview(SdkCall("sms.send", ("09123456789", "x")), emulated(emulator), "http://127.0.0.1:1")
        assert (emulator.requests, caplog.records) == (0, [])
        logging.getLogger("wikipayam_async").warning("later")
        assert len(caplog.records) == 1
    assert DEFAULT_TOKEN not in shown.curl()
    assert "-X POST 'http://127.0.0.1:1/api/v1/sms/send'" in shown.curl()


@pytest.mark.anyio
async def test_what_the_client_refuses_is_raised() -> None:
    """A call that the client refuses before any request has no preview."""
    with pytest.raises(InvalidInputError):
        await preview(SdkCall("sms.send", ("12", "x")), emulated(Emulator()), "http://127.0.0.1:1")
