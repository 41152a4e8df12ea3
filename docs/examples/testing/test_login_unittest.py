"""A login, tested with the standard library only."""

from unittest import IsolatedAsyncioTestCase

from login import Login

from wikipayam_async.testing import Emulator, emulator_client


class LoginTest(IsolatedAsyncioTestCase):
    """Tests of the login."""

    async def asyncSetUp(self) -> None:
        """Create an emulator and a client for each test."""
        self.emulator = Emulator()
        self.client = await self.enterAsyncContext(emulator_client(self.emulator))

    async def test_login(self) -> None:
        """The code that was sent is accepted."""
        login = Login(self.client)
        challenge = await login.begin("09123456789")
        code = self.emulator.last_code("09123456789")
        assert await login.finish(challenge, code) == "09123456789"
