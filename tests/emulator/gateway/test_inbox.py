from datetime import datetime

from wikipayam_async.emulator import TEHRAN, InboundMessage
from wikipayam_async.emulator.gateway.inbox import Inbox, InboxQuery


def test_messages_of_one_second_keep_their_order() -> None:
    """Messages with the same time keep their order of arrival in both sort orders."""
    inbox = Inbox()
    for name in "ab":
        inbox.add(
            InboundMessage(
                id=name, sender="1", receiver="2", message=name, received_at=datetime(2024, 1, 1, tzinfo=TEHRAN)
            )
        )
    orders = [[message.id for message in inbox.find(InboxQuery(sort_order=order))] for order in ("asc", "desc")]
    assert orders == [["a", "b"], ["a", "b"]]
