"""A login, tested with the standard library alone."""

from unittest import IsolatedAsyncioTestCase

from login import Login

from wikipayam_async.testing import Emulator, emulator_client


class LoginTest(IsolatedAsyncioTestCase):
    """What a login has to do."""

    async def asyncSetUp(self) -> None:
        """Give every test an emulator and a client of its own."""
        self.emulator = Emulator()
        self.client = await self.enterAsyncContext(emulator_client(self.emulator))

    async def test_login(self) -> None:
        """The code that was sent opens the door."""
        login = Login(self.client)
        await login.begin("09123456789")
        assert login.finish("09123456789", self.emulator.last_code("09123456789"))
