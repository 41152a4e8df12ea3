"""Delivery of sent messages: reading their statuses once, and polling them until they are final."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable, Sequence

from wikipayam_async.checks import check_ids
from wikipayam_async.core.converter import encode_json
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.outcomes import Ids
from wikipayam_async.redact.sealed import SealedBytes
from wikipayam_async.services.base import Service, chunked
from wikipayam_async.services.sms.asking import IDS_PER_REQUEST, ChunkedQuery
from wikipayam_async.services.sms.delivery import FINAL_STATES, Delivery, DeliveryReport, read_statuses, report_of
from wikipayam_async.services.sms.watch import (
    DeliveryWatch,
    Polling,
    check_final_states,
    check_polling,
    check_wait,
)

__all__ = ["DeliveryTracking"]

DELIVER = Operation("sms.delivery_status", "POST", "sms/deliver", Replay.READ)


class DeliveryTracking(Service):
    """The part of `client.sms` that follows sent messages: `POST /sms/deliver`."""

    async def delivery_status(self, ids: Ids, *, timeout: float | None = None) -> DeliveryReport:
        """Return the statuses of messages (`POST /sms/deliver`), in concurrent requests of at most 100 ids.

        Args:
            ids: One id or any number; or objects with an id, such as `SentMessage`. An empty iterable sends no request.
            timeout: Seconds for each attempt of each request; the client's if None.

        Returns:
            The statuses in the order of the ids. Ids that the gateway does not know are in its `pending`; so are those
            that it refuses while it answers others, which are in `refused`, too.

        Raises:
            InvalidInputError: A value is not a valid id, or an object has none.
            APIStatusError: The gateway refused all ids, or the account.
            APIConnectionError: The gateway could not be reached.
            ResponseError: An answer cannot be read.
        """
        wanted = check_ids(ids)
        known: dict[str, Delivery] = {}
        query = ChunkedQuery(
            functools.partial(self._query, timeout=timeout),
            lambda answer: known.update((delivery.id, delivery) for delivery in answer),
        )
        await query.run(chunked(wanted, IDS_PER_REQUEST))
        return report_of(wanted, known, FINAL_STATES, query.refused)

    async def wait_for_delivery(
        self,
        ids: Ids,
        *,
        timeout: float = 120,
        final_states: Iterable[str] | None = None,
        polling: Polling | None = None,
    ) -> DeliveryReport:
        """Poll until every message has a final status or the timeout is reached (`POST /sms/deliver`).

        The interval grows, and only the messages without a final status are polled. An id that the gateway refuses
        delays no other: it stays in `pending`, and is in `refused` of the report.

        Args:
            ids: One id or any number; or objects with an id, such as `SentMessage`.
            timeout: Seconds after which the statuses known so far are returned. Each attempt has the client's time-out.
            final_states: The final statuses; `FINAL_STATES` if None. The gateway documents none of them.
            polling: The polling intervals.

        Raises:
            InvalidInputError: An argument is invalid.
            AuthenticationError: The token is wrong. The same holds for every refusal that waiting cannot resolve; while
                the gateway cannot be reached, or fails, polling continues.
        """
        return await self.watch_delivery(ids, timeout=timeout, final_states=final_states, polling=polling).wait()

    def watch_delivery(
        self,
        ids: Ids,
        *,
        timeout: float = 120,
        final_states: Iterable[str] | None = None,
        polling: Polling | None = None,
    ) -> DeliveryWatch:
        """Poll like `wait_for_delivery`, and yield every change of a status (`POST /sms/deliver`).

        Use it as `async for delivery in client.sms.watch_delivery(ids): ...`; its `report` holds the statuses known so
        far.

        Args:
            ids: One id or any number; or objects with an id, such as `SentMessage`.
            timeout: Seconds after which the iteration ends. Each attempt has the client's time-out.
            final_states: The final statuses; `FINAL_STATES` if None.
            polling: The polling intervals.

        Raises:
            InvalidInputError: An argument is invalid.
        """
        return DeliveryWatch(
            check_ids(ids),
            self._query,
            timeout=check_wait(timeout),
            final_states=check_final_states(final_states),
            polling=check_polling(polling),
            uniform=random.SystemRandom().uniform,
        )

    async def _query(self, ids: Sequence[str], *, timeout: float | None = None) -> list[Delivery]:
        body = SealedBytes(encode_json({"id": list(ids)}))
        return await self._pipeline.run(Call(operation=DELIVER, read=read_statuses, body=body, timeout=timeout))
