"""Send from a program without async: a portal runs the event loop in a thread of its own."""

from anyio.from_thread import start_blocking_portal

from wikipayam_async import AsyncWikipayam


def main() -> None:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(AsyncWikipayam()) as client:
        sent = portal.call(client.sms.send, "09123456789", "Your car is ready.")
        print("accepted as", sent.id)


if __name__ == "__main__":
    main()
