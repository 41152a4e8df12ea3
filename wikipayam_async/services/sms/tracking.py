"""What became of sent messages: asking once, and following them to their end."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from wikipayam_async.checks import check_ids
from wikipayam_async.core.converter import encode_json
from wikipayam_async.core.operation import Call, Operation, Replay
from wikipayam_async.redact.sealed import SealedBytes
from wikipayam_async.services.base import Service
from wikipayam_async.services.sms.delivery import (
    DeliveryReport,
    DeliveryStatus,
    DeliveryWatch,
    Polling,
    ask_in_parts,
    check_final_states,
    check_timeout,
    read_statuses,
)

__all__ = ["DeliveryTracking"]

DELIVER = Operation("sms.delivery_status", "POST", "sms/deliver", Replay.READ)


class DeliveryTracking(Service):
    """What `client.sms` knows of messages that were sent: `POST /sms/deliver`."""

    async def delivery_status(self, ids: str | Iterable[str]) -> list[DeliveryStatus]:
        """Ask what became of messages (`POST /sms/deliver`), in requests of at most 100, some of them at once.

        Args:
            ids: One id or any number. None at all is no request.

        Returns:
            The statuses in the order of the ids. Ids that the gateway does not know are absent.

        Raises:
            InvalidInputError: Something in it cannot be an id.
        """
        wanted = check_ids(ids)
        found: dict[str, DeliveryStatus] = {}
        await ask_in_parts(wanted, self._ask, lambda answer: found.update((status.id, status) for status in answer))
        return [found[id_] for id_ in wanted if id_ in found]

    async def wait_for_delivery(
        self,
        ids: str | Iterable[str],
        timeout: float = 120,  # noqa: ASYNC109 - the end of the waiting is a result here, not an error
        *,
        final_states: Iterable[str] | None = None,
        polling: Polling | None = None,
    ) -> DeliveryReport:
        """Follow messages until each has come to its end, or the time is up (`POST /sms/deliver`).

        Asks often at first, then less and less, and only for those that are still open.

        Args:
            ids: One id or any number.
            timeout: Seconds. When they are over, what is known by then is returned.
            final_states: The words after which nothing more is to come; `FINAL_STATES` if None. The gateway documents
                none of them.
            polling: How often to ask.

        Raises:
            InvalidInputError: An argument breaks a rule.
            AuthenticationError: The token is wrong; so for every refusal that waiting does not mend. While the gateway
                cannot be reached, or fails, the waiting goes on.
        """
        return await self.watch_delivery(ids, timeout, final_states=final_states, polling=polling).wait()

    def watch_delivery(
        self,
        ids: str | Iterable[str],
        timeout: float = 120,
        *,
        final_states: Iterable[str] | None = None,
        polling: Polling | None = None,
    ) -> DeliveryWatch:
        """Follow messages like `wait_for_delivery`, giving every change as it is seen (`POST /sms/deliver`).

        Use it as `async for status in client.sms.watch_delivery(ids): ...`; its `report` holds what is known.

        Args:
            ids: One id or any number.
            timeout: Seconds after which the iteration ends.
            final_states: The words after which nothing more is to come; `FINAL_STATES` if None.
            polling: How often to ask.

        Raises:
            InvalidInputError: An argument breaks a rule.
        """
        return DeliveryWatch(
            check_ids(ids),
            self._ask,
            timeout=check_timeout(timeout),
            final_states=check_final_states(final_states),
            polling=polling or Polling(),
            uniform=random.SystemRandom().uniform,
        )

    async def _ask(self, ids: Sequence[str]) -> list[DeliveryStatus]:
        body = SealedBytes(encode_json({"id": list(ids)}))
        return await self._pipeline.run(Call(operation=DELIVER, read=read_statuses, body=body))
