from __future__ import annotations

import attrs
import pytest

from tests.verification.stage import VICTIM, Stage
from wikipayam_async.verification import CodeChecked, CodeSent, LimitReached, VerificationLimitError

pytestmark = pytest.mark.anyio


async def test_events_tell_the_story_without_code_and_number() -> None:
    """Each has the masked number, a digest of it, and the first characters of the challenge."""
    stage = Stage()
    verifier = stage.verifier()
    challenge = await verifier.start(VICTIM, purpose="login", ip="203.0.113.7")
    await verifier.check(challenge.id, "000000", purpose="login")
    await verifier.check(challenge.id, stage.code(), purpose="login")
    with pytest.raises(VerificationLimitError):
        await verifier.start(VICTIM, purpose="login", ip="203.0.113.8")
    assert [type(event) for event in stage.events] == [CodeSent, CodeChecked, CodeChecked, LimitReached]
    assert {event.subject.receiver for event in stage.events} == {"0912*****89"}
    assert len({event.subject.receiver_key for event in stage.events}) == 1
    assert [event.subject.challenge for event in stage.events] == [challenge.id[:8]] * 3 + [""]
    assert [event.subject.ip for event in stage.events] == ["203.0.113.7"] * 3 + ["203.0.113.8"]
    shown = repr([attrs.asdict(event) for event in stage.events])
    assert [secret for secret in (VICTIM, stage.code(), challenge.id) if secret in shown] == []
