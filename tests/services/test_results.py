"""Results as the results of tasks: queues keep them as pickles or as JSON."""

from __future__ import annotations

import json
import pickle
from typing import Any

import attrs
import cattrs
import pytest

from wikipayam_async import SmsMessage
from wikipayam_async.emulator import Emulator
from wikipayam_async.testing import emulator_client

pytestmark = pytest.mark.anyio


async def test_results_survive_pickle_and_json() -> None:
    """`attrs.asdict` makes JSON values of the result of a send, of a balance and of deliveries; cattrs restores them."""
    async with emulator_client(Emulator(), otp_pattern_id=13) as client:
        sent = await client.sms.send("09123456789", "text", track_id="T1")
        results: list[Any] = [
            sent,
            await client.otp.send("09123456789", "1234"),
            await client.voice.send("09123456789", "1234"),
            await client.balance(),
            await client.sms.delivery_status(sent),
        ]
    for result in results:
        assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301 - pickled in the line itself
        kept = json.loads(json.dumps(attrs.asdict(result)))
        assert cattrs.structure(kept, type(result)) == result
    assert type(sent)(**json.loads(json.dumps(attrs.asdict(sent)))) == sent


async def test_reports_survive_pickle() -> None:
    """Also with the errors of messages that were not sent."""
    async with emulator_client(Emulator()) as client:
        report = await client.sms.send_bulk([SmsMessage("09123456789", "text"), SmsMessage("12", "text")])
    found = pickle.loads(pickle.dumps(report))  # noqa: S301 - pickled in the line itself
    assert found == report
    assert [type(result.error) for result in found] == [type(result.error) for result in report]
