from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from tests.support.raw import RawRequest, answer, raw_gateway
from wikipayam_async import (
    APIConnectionError,
    AsyncWikipayam,
    AuthenticationError,
    Balance,
    InvalidInputError,
    ResponseError,
    RetryPolicy,
    SmsMessage,
)
from wikipayam_async.cost import CostShare, Tariff, estimate
from wikipayam_async.emulator import DEFAULT_LINE, DEFAULT_TOKEN, Emulator, EmulatorTransport, Fault
from wikipayam_async.services.account import CostCheck

pytestmark = pytest.mark.anyio

RECEIVER = "09123456789"
TARIFF = Tariff(persian=895, latin=1790)
MESSAGES = [SmsMessage(RECEIVER, "سلام"), SmsMessage(RECEIVER, "hello"), SmsMessage("bad", "hello")]
COST = 895 + 1790


def client_of(emulator: Emulator, **options: Any) -> AsyncWikipayam:
    """Return a client of an in-process emulator."""
    return AsyncWikipayam(
        DEFAULT_TOKEN, **{"transport": EmulatorTransport(emulator), "sender": DEFAULT_LINE, **options}
    )


def emulator_with(balance: int) -> Emulator:
    """Return an emulator whose account has this balance."""
    emulator = Emulator()
    emulator.account.balance = balance
    return emulator


async def balance_from(data: Any) -> Balance | ResponseError:
    """Return the balance read from an answer, or the error."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer(data)

    async with raw_gateway(handler) as gateway, AsyncWikipayam("secret", base_url=gateway.url) as client:
        try:
            return await client.balance()
        except ResponseError as error:
            return error


async def test_the_documented_call() -> None:
    """The request is the documented one, without a body, and the documented answer is read."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer({"data": {"balance": 34359938, "currency": "IRR", "user_id": 1, "user_name": "admin"}})

    async with raw_gateway(handler) as gateway, AsyncWikipayam("secret", base_url=gateway.url) as client:
        balance = await client.balance()
    (request,) = gateway.requests
    assert (request.method, request.target, request.body) == ("GET", "/api/v1/user/balance", b"")
    headers = {
        name: request.headers.get(name) for name in ("authorization", "accept", "accept-encoding", "content-type")
    }
    assert headers == {
        "authorization": "Bearer secret",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": None,
    }
    assert request.headers["user-agent"].startswith("wikipayam-async/")
    assert balance == Balance(34_359_938, "IRR", 1, "admin")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"balance": "12"}, Balance(12)),
        ({"balance": 12.9}, Balance(12)),
        ({"balance": "-3"}, Balance(-3)),
        ({"balance": 0, "currency": None, "user_id": "7", "user_name": None}, Balance(0, "IRR", 7, None)),
        ({"balance": 1, "currency": "IRT", "credit": {"limit": 5}}, Balance(1, "IRT", extra={"credit": {"limit": 5}})),
        ({"balance": 1, "user_id": "x"}, Balance(1, extra={"user_id": "x"})),
    ],
)
@pytest.mark.parametrize("envelope", [True, False])
async def test_answers_that_differ(data: Any, expected: Balance, envelope: bool) -> None:
    """Numbers as strings and missing, new or unreadable fields are tolerated, with or without `data`."""
    assert await balance_from({"data": data} if envelope else data) == expected


@pytest.mark.parametrize("data", [{}, {"balance": None}, {"balance": "much"}, [], None, "12", 12, {"balance": [1]}])
async def test_answers_without_a_balance(data: Any) -> None:
    """An answer without a balance raises `ResponseError`."""
    assert isinstance(await balance_from({"data": data}), ResponseError)


async def test_on_the_emulator() -> None:
    """The emulator's balance is read, and a wrong token raises an error."""
    transport = EmulatorTransport(Emulator())
    async with AsyncWikipayam(DEFAULT_TOKEN, transport=transport) as client:
        assert await client.balance() == Balance(3_435_993_800, "IRR", 1, "admin")
    async with AsyncWikipayam("wrong", transport=transport) as client:
        with pytest.raises(AuthenticationError):
            await client.balance()


def test_the_name_is_not_shown() -> None:
    """The account's name, which may be a phone number, is masked in the repr."""
    assert "09123456789" not in repr(Balance(1, user_name="09123456789"))


@pytest.mark.parametrize(
    ("balance", "shortfall", "affordable"),
    [(COST + 1, 0, True), (COST, 0, True), (COST - 1, 1, False), (0, COST, False), (-5, COST + 5, False)],
)
async def test_the_balance_covers_the_cost_or_not(balance: int, shortfall: int, affordable: bool) -> None:
    """The estimate comes with the balance and the rials that are missing, and the balance is requested once."""
    emulator = emulator_with(balance)
    async with client_of(emulator) as client:
        found = await client.estimate(MESSAGES, TARIFF)
    assert found.estimate == estimate(MESSAGES, TARIFF, sender=DEFAULT_LINE)
    assert (found.cost, found.parts) == (COST, 2)
    assert (found.estimate.cost, found.estimate.skipped) == (COST, 1)
    assert (found.balance, found.shortfall, found.affordable) == (
        Balance(balance, "IRR", 1, "admin"),
        shortfall,
        affordable,
    )
    assert emulator.request_counts == {("GET", "/user/balance"): 1}


@pytest.mark.parametrize("currency", ["IRT", "USD", ""])
def test_a_balance_that_is_not_in_rials(currency: str) -> None:
    """Amounts in two currencies are not compared: whether the balance covers the cost is unknown."""
    found = CostCheck(estimate(MESSAGES, TARIFF), Balance(10**9, currency))
    assert (found.shortfall, found.affordable) == (None, None)


@pytest.mark.parametrize("currency", ["IRR", "irr", " IRR "])
def test_the_currency_code_ignores_case_and_spaces(currency: str) -> None:
    """The currency code may have any case and surrounding spaces."""
    assert CostCheck(estimate(MESSAGES, TARIFF), Balance(COST, currency)).affordable is True


def test_a_cost_of_zero_is_always_affordable() -> None:
    """A cost of 0 is affordable without a balance, and with a negative one."""
    found = CostCheck(estimate([], TARIFF), Balance(-1))
    assert (found.shortfall, found.affordable) == (0, True)


async def test_a_balance_that_cannot_be_read() -> None:
    """The estimate is returned anyway; whether the balance covers it is unknown."""

    async def handler(_: RawRequest, __: ByteStream) -> bytes:
        return answer({"data": {"balance": "much"}})

    async with raw_gateway(handler) as gateway, AsyncWikipayam("secret", base_url=gateway.url) as client:
        found = await client.estimate(MESSAGES, TARIFF)
    assert (found.estimate.cost, found.balance, found.shortfall, found.affordable) == (COST, None, None, None)


@pytest.mark.parametrize(
    ("fault", "error"), [(Fault.status(401), AuthenticationError), (Fault.reset(), APIConnectionError)]
)
async def test_a_gateway_that_refuses_or_is_not_there(fault: Fault, error: type[Exception]) -> None:
    """The error is raised before a message is read, so that an iterator can be reused."""
    emulator = Emulator()
    emulator.faults.arm(fault, on="GET /user/balance")
    messages = iter(MESSAGES)
    async with client_of(emulator, retry=RetryPolicy(max_attempts=1)) as client:
        with pytest.raises(error):
            await client.estimate(messages, TARIFF)
    assert list(messages) == MESSAGES


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"messages": None}, "messages"),
        ({"messages": "text"}, "messages"),
        ({"messages": b"text"}, "messages"),
        ({"messages": MESSAGES[0]}, "messages"),
        ({"tariff": 895}, "tariff"),
        ({"sender": 1000}, "sender"),
    ],
)
async def test_a_wrong_argument(arguments: dict[str, Any], field: str) -> None:
    """An invalid argument is refused before any request."""
    emulator = Emulator()
    async with client_of(emulator) as client:
        with pytest.raises(InvalidInputError) as caught:
            await client.estimate(**{"messages": MESSAGES, "tariff": TARIFF, **arguments})
    assert (caught.value.field, emulator.requests) == (field, 0)


class Rows:
    """An async iterator with `aclose` that is also a plain iterable."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows = iter(rows)
        self.closed = 0

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("read the blocking way")

    def __aiter__(self) -> Rows:
        return self

    async def __anext__(self) -> Any:
        row = next(self.rows, StopAsyncIteration())
        if isinstance(row, BaseException):
            raise row
        return row

    async def aclose(self) -> None:
        """Record the call."""
        self.closed += 1


async def test_an_async_iterable() -> None:
    """An async iterable is read to its end, with an invalid row in the middle, and closed."""
    rows = Rows([*MESSAGES, None, *MESSAGES])
    async with client_of(emulator_with(2 * COST)) as client:
        found = await client.estimate(rows, TARIFF)
    assert (found.estimate.cost, found.estimate.skipped, found.affordable) == (2 * COST, 3, True)
    assert rows.closed == 1


async def test_an_async_iterable_that_raises() -> None:
    """Its exception is raised unchanged, and it is closed."""
    rows = Rows([*MESSAGES, LookupError("row 4")])
    async with client_of(Emulator()) as client:
        with pytest.raises(LookupError, match="row 4"):
            await client.estimate(rows, TARIFF)
    assert rows.closed == 1


async def test_an_async_iterator_that_cannot_be_closed() -> None:
    """An async iterator needs only `__anext__`."""

    class Bare:
        def __init__(self) -> None:
            self.left = list(MESSAGES)

        async def __anext__(self) -> SmsMessage:
            if not self.left:
                raise StopAsyncIteration
            return self.left.pop()

    class BareRows:
        def __aiter__(self) -> Any:
            return Bare()

    async with client_of(Emulator()) as client:
        assert (await client.estimate(BareRows(), TARIFF)).estimate.cost == COST


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_counting_yields_to_other_tasks(asynchronous: bool) -> None:
    """Counting yields regularly, so that it can be cancelled; the source is then closed."""
    taken = 0
    closed = 0

    def endless() -> Iterator[SmsMessage]:
        nonlocal taken
        while True:
            taken += 1
            yield MESSAGES[0]

    async def endless_rows() -> AsyncIterator[SmsMessage]:
        nonlocal closed
        try:
            for message in endless():
                yield message
        finally:
            closed += 1

    async with client_of(Emulator()) as client, anyio.create_task_group() as group:

        async def count() -> None:
            await client.estimate(endless_rows() if asynchronous else endless(), TARIFF)

        group.start_soon(count)
        while taken < 3000:
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert 3000 <= taken <= 5000
    assert closed == asynchronous


async def test_the_estimate_is_what_is_charged() -> None:
    """A bulk send charges the estimated amount and refuses the skipped messages."""
    emulator = Emulator(price=895)
    messages = [SmsMessage(RECEIVER if n % 7 else "bad", letter * n) for n in range(0, 400, 13) for letter in "aس€"]
    async with client_of(emulator) as client:
        found = await client.estimate(messages, Tariff(persian=895))
        report = await client.sms.send_bulk(messages)
        left = await client.balance()
    assert found.balance is not None
    assert found.balance.balance - left.balance == found.estimate.cost
    assert (len(report.accepted), len(report.rejected)) == (found.estimate.messages, found.estimate.skipped)
    assert found.estimate.parts == sum(entry.parts for entry in emulator.ledger)
    assert found.estimate.skipped > 0


async def test_the_default_line_is_the_clients() -> None:
    """Messages without a line have the one passed, or the client's."""
    tariff = Tariff(persian=1, lines={"1000": Tariff(persian=2), "3000": Tariff(persian=3)})
    messages = [SmsMessage(RECEIVER, "a"), SmsMessage(RECEIVER, "a", sender="5000")]
    async with client_of(Emulator(), sender="10001") as client:
        own = await client.estimate(messages, tariff)
        given = await client.estimate(messages, tariff, sender="30001")
        none = await client.with_options(sender=None).estimate(messages, tariff)
    assert own.estimate.by_line == {"10001": CostShare(1, 1, 2), "5000": CostShare(1, 1, 1)}
    assert given.estimate.by_line == {"30001": CostShare(1, 1, 3), "5000": CostShare(1, 1, 1)}
    assert none.estimate.by_line == {None: CostShare(1, 1, 1), "5000": CostShare(1, 1, 1)}


async def test_any_receiver_counts_without_validation() -> None:
    """With `validate=False` receivers of any kind are counted."""
    messages = [SmsMessage("+14155550100", "a")]
    async with client_of(Emulator()) as client:
        assert (await client.estimate(messages, TARIFF)).estimate.skipped == 1
        assert (await client.estimate(messages, TARIFF, validate=False)).estimate.skipped == 0


async def test_a_failure_under_200_is_quoted() -> None:
    """A read whose success answer tells a failure instead raises a `ResponseError` that quotes it."""

    async def handle(_: RawRequest, __: ByteStream) -> bytes:
        return answer({"success": False, "message": "The account is suspended."})

    async with raw_gateway(handle) as gateway, AsyncWikipayam("t", base_url=gateway.url) as client:
        with pytest.raises(ResponseError, match='the gateway said "The account is suspended') as caught:
            await client.balance()
    assert caught.value.status_code == 200
