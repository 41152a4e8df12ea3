"""taskiq: one client for each worker process; the queue tries again only what was certainly not sent."""

from typing import Annotated

from taskiq import Context, InMemoryBroker, SimpleRetryMiddleware, TaskiqDepends, TaskiqEvents, TaskiqState

from wikipayam_async import APIConnectionError, AsyncWikipayam, RateLimitError, UnknownOutcomeError

# The errors after which nothing can have been sent. Any other ends the task: it is not tried again.
SAFE_TO_RETRY = (APIConnectionError, RateLimitError)

broker = InMemoryBroker().with_middlewares(SimpleRetryMiddleware(types_of_exceptions=SAFE_TO_RETRY))


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def start(state: TaskiqState) -> None:
    """Open the client when the worker starts."""
    state.wikipayam = AsyncWikipayam()


@broker.on_event(TaskiqEvents.WORKER_SHUTDOWN)
async def stop(state: TaskiqState) -> None:
    """Close it when the worker ends."""
    await state.wikipayam.aclose()


def get_client(context: Annotated[Context, TaskiqDepends()]) -> AsyncWikipayam:
    """Give the client to whoever asks for it."""
    client: AsyncWikipayam = context.state.wikipayam
    return client


# Acknowledged when received: else the queue would hand a task out again whose worker died right after sending.
@broker.task(retry_on_error=True, max_retries=3, ack_type="when_received")
async def notify(
    order: str, mobile: str, text: str, client: Annotated[AsyncWikipayam, TaskiqDepends(get_client)]
) -> str:
    """Send a notice; its order number is the track id. Tell what is known of it."""
    try:
        sent = await client.sms.send(mobile, text, track_id=order)
    except UnknownOutcomeError:
        return f"{order} may have been sent; look it up before you send it again"
    return f"{order} was sent as {sent.id}"
