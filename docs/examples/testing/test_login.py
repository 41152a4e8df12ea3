"""A login, on the event loop of the test runner."""

from login import Login

from wikipayam_async import AsyncWikipayam
from wikipayam_async.testing import Emulator


async def test_login(wikipayam_client: AsyncWikipayam, wikipayam_emulator: Emulator) -> None:
    """The code that was sent is accepted once."""
    login = Login(wikipayam_client)
    challenge = await login.begin("09123456789")
    code = wikipayam_emulator.last_code("09123456789")
    assert await login.finish(challenge, code) == "09123456789"
    assert await login.finish(challenge, code) is None
