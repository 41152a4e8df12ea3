"""Django without async: a plain view and a management command share the portal of their process."""

import argparse

import django
from django.conf import settings
from django.core.management.base import BaseCommand
from django.http import HttpRequest, JsonResponse
from django.test import RequestFactory

from wikipayam_async import InvalidInputError, UnknownOutcomeError
from wikipayam_async.portal import ClientPortal

# sms.py
sms = ClientPortal()


# views.py
def notify(request: HttpRequest) -> JsonResponse:
    try:
        sent = sms.call(sms.client.sms.send, str(request.POST["mobile"]), "Ready", track_id=str(request.POST["order"]))
    except InvalidInputError as error:  # nothing was sent
        return JsonResponse({"detail": str(error)}, status=422)
    except UnknownOutcomeError:  # a blind retry could send it twice
        return JsonResponse({"detail": "The message may have been sent."}, status=502)
    return JsonResponse({"id": sent.id}, status=201)


# management/commands/remind.py
class Command(BaseCommand):
    help = "Send a reminder."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("mobile")

    def handle(self, *, mobile: str, **_: object) -> None:
        sent = sms.call(sms.client.sms.send, mobile, "Your appointment is tomorrow")
        self.stdout.write(f"accepted as {sent.id}")


def main() -> None:
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"])
        django.setup()
    form = {"mobile": "09123456789", "order": "ORDER-1001"}
    assert notify(RequestFactory().post("/notices", form)).status_code == 201
    Command().handle(mobile="09123456789")
    sms.close()


if __name__ == "__main__":
    main()
