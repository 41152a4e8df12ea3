"""taskiq: one client per worker process. The queue retries only what was certainly not sent."""

from typing import Annotated

from taskiq import Context, InMemoryBroker, SimpleRetryMiddleware, TaskiqDepends, TaskiqEvents, TaskiqState

from wikipayam_async import APIConnectionError, AsyncWikipayam, RateLimitError, UnknownOutcomeError

# After these errors nothing can have been sent. After any other, the task is not retried.
SAFE_TO_RETRY = (APIConnectionError, RateLimitError)

broker = InMemoryBroker().with_middlewares(SimpleRetryMiddleware(types_of_exceptions=SAFE_TO_RETRY))


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def start(state: TaskiqState) -> None:
    """Open the client when the worker starts."""
    state.wikipayam = AsyncWikipayam()


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def stop(state: TaskiqState) -> None:
    """Close the client when the worker stops."""
    await state.wikipayam.aclose()


def get_client(context: Annotated[Context, TaskiqDepends()]) -> AsyncWikipayam:
    """Return the process's client."""
    client: AsyncWikipayam = context.state.wikipayam
    return client


# Acknowledged on receipt: otherwise a task whose worker died right after sending would be delivered again.
@broker.task(retry_on_error=True, max_retries=3, ack_type="when_received")
async def notify(
    order: str, mobile: str, text: str, client: Annotated[AsyncWikipayam, TaskiqDepends(get_client)]
) -> str:
    """Send a notice, with the order number as its track id; return its outcome."""
    try:
        sent = await client.sms.send(mobile, text, track_id=order)
    except UnknownOutcomeError:
        return f"{order} may have been sent; look it up before you send it again"
    return f"{order} was sent as {sent.id}"
