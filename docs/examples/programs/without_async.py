"""Send from a program without async: a portal runs the event loop in a thread of its own."""

from wikipayam_async.portal import ClientPortal


def main() -> None:
    with ClientPortal() as portal:
        sent = portal.call(portal.client.sms.send, "09123456789", "Your car is ready.")
        print("accepted as", sent.id)


if __name__ == "__main__":
    main()
