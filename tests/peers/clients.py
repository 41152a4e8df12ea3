"""Set each peer up and send with it. A peer is imported only in its own process."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any

from attrs import frozen

from tests.peers.job import KEY, TEXT, Job

__all__ = ["ACCOUNT", "CLIENTS", "USER", "Client", "trust"]

USER = "shop"
ACCOUNT = "AC" + "0" * 32

_SENDER = "10002000"


@frozen
class Client:
    """A peer, ready to send.

    Attributes:
        client: The client object.
        send: Sends one message to a number.
        close: Closes the client; None if it needs no closing.
    """

    client: object
    send: Callable[[str], Any]
    close: Callable[[], Awaitable[object] | None] | None = None


def _host(job: Job) -> str:
    return job.url.partition("://")[2]


def _wikipayam(job: Job) -> Client:
    module = import_module("wikipayam_async")
    settings = {} if job.timeout is None else {"timeout": job.timeout}
    client = module.AsyncWikipayam(KEY, sender=_SENDER, base_url=job.url, **settings)
    return Client(client, lambda receiver: client.sms.send(receiver, TEXT), client.aclose)


def _kavenegar(job: Job) -> Client:
    client = import_module("kavenegar").KavenegarAPI(KEY)
    client.host = _host(job)
    return Client(client, lambda receiver: client.sms_send({"receptor": receiver, "message": TEXT, "sender": _SENDER}))


def _aio_kavenegar(job: Job) -> Client:
    client = import_module("aio_kavenegar").AIOKavenegarAPI(KEY, timeout=job.timeout)
    client.host = _host(job)
    return Client(client, lambda receiver: client.sms_send({"receptor": receiver, "message": TEXT, "sender": _SENDER}))


def _melipayamak(job: Job) -> Client:
    client = import_module("melipayamak").Api(USER, KEY).sms("rest", "async")
    client.PATH = f"{job.url}/api/SendSMS/%s"
    return Client(client, lambda receiver: client.send(receiver, _SENDER, TEXT))


def _farazsms(job: Job) -> Client:
    client = import_module("farazsms").FarazSMS(KEY, base_url=job.url)
    return Client(client, lambda receiver: client.send_simple(TEXT, [receiver], _SENDER))


def _ippanel(job: Job) -> Client:
    module = import_module("ippanel")
    limit = module.DEFAULT_TIMEOUT if job.timeout is None else job.timeout
    client = module.Client(KEY, module.HTTPClient(KEY, f"{job.url}/api/v1/", limit, module.CLIENT_VERSION))
    return Client(client, lambda receiver: client.send(_SENDER, [receiver], TEXT, "summary"))


def _smsir_python(job: Job) -> Client:
    client = import_module("sms_ir").SmsIr(KEY, int(_SENDER))
    client.ENDPOINT = job.url
    return Client(client, lambda receiver: client.send_sms(receiver, TEXT))


def _smsir_sdk(job: Job) -> Client:
    module = import_module("smsir")
    settings = {} if job.timeout is None else {"timeout": job.timeout}
    client = module.AsyncSMSIRClient(KEY, base_url=f"{job.url}/v1", **settings)
    bulk = module.endpoints.BulkSend
    one = {"line_number": int(_SENDER), "message_text": TEXT}
    return Client(client, lambda receiver: client.execute(bulk(**one, mobiles=[receiver])), client.aclose)


def _ghasedak(job: Job) -> Client:
    module = import_module("ghasedak_sms")
    client = module.Ghasedak(KEY, base=_host(job))
    message = module.SendSingleSmsInput
    return Client(
        client,
        lambda receiver: client.send_single_sms(message(line_number=_SENDER, receptor=receiver, message=TEXT)),
    )


def _twilio(job: Job, retries: int | None = None) -> Client:
    http = import_module("twilio.http.async_http_client").AsyncTwilioHttpClient(
        timeout=job.timeout, max_retries=retries
    )
    client = import_module("twilio.rest").Client(ACCOUNT, KEY, http_client=http)
    client.api.base_url = job.url
    return Client(
        client,
        lambda receiver: client.messages.create_async(to=receiver, from_=_SENDER, body=TEXT),
        http.close,
    )


def _twilio_retrying(job: Job) -> Client:
    return _twilio(job, retries=3)


def _vonage(job: Job, **options: object) -> Client:
    module = import_module("vonage")
    messages = import_module("vonage_sms")
    if job.timeout is not None:
        options["timeout"] = int(job.timeout)
    client = module.Vonage(
        module.Auth(api_key=USER, api_secret=KEY), module.HttpClientOptions(rest_host=_host(job), **options)
    )
    return Client(client, lambda receiver: client.sms.send(messages.SmsMessage(to=receiver, from_=_SENDER, text=TEXT)))


def _vonage_without_retries(job: Job) -> Client:
    return _vonage(job, max_retries=0)


def _vonage_without_a_pool(job: Job) -> Client:
    return _vonage(job, pool_maxsize=1)


def _telnyx(job: Job, **settings: object) -> Client:
    if job.timeout is not None:
        settings["timeout"] = job.timeout
    client = import_module("telnyx").AsyncTelnyx(api_key=KEY, base_url=job.url, **settings)
    return Client(client, lambda receiver: client.messages.send(to=receiver, from_=_SENDER, text=TEXT), client.close)


def _telnyx_once(job: Job) -> Client:
    return _telnyx(job, max_retries=0)


CLIENTS: Mapping[str, Callable[[Job], Client]] = {
    "wikipayam_async": _wikipayam,
    "aio-kavenegar": _aio_kavenegar,
    "kavenegar": _kavenegar,
    "melipayamak": _melipayamak,
    "farazsms": _farazsms,
    "ippanel": _ippanel,
    "smsir-sdk": _smsir_sdk,
    "smsir-python": _smsir_python,
    "ghasedak-sms": _ghasedak,
    "twilio": _twilio,
    "twilio, max_retries=3": _twilio_retrying,
    "vonage": _vonage,
    "vonage, max_retries=0": _vonage_without_retries,
    "vonage, pool_maxsize=1": _vonage_without_a_pool,
    "telnyx": _telnyx,
    "telnyx, max_retries=0": _telnyx_once,
}
"""The peers and variants by name, with their defaults otherwise."""


def trust(authority: str) -> None:
    """Make requests and httpx trust the certificate authority of the run."""
    os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = authority
