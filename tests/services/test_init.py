"""`wikipayam_async.services`: the classes of the services, loaded on first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

from wikipayam_async import AsyncWikipayam, services

NAMES = ["HolooService", "OtpService", "ReceivesService", "SmsService", "VoiceService"]


def run(code: str) -> str:
    """Run code in a new interpreter and return its output."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - the code is in this file
    return done.stdout.strip()


def test_the_names_are_listed() -> None:
    """`__all__` and `dir` have the five services."""
    assert services.__all__ == NAMES
    assert set(NAMES) <= set(dir(services))


@pytest.mark.parametrize(
    ("attribute", "name"), [*zip(["holoo", "otp", "receives", "sms", "voice"], NAMES, strict=True)]
)
def test_a_service_of_the_client_is_an_instance(attribute: str, name: str) -> None:
    """`client.sms` is an `SmsService`, whose `repr` names this module."""
    cls = getattr(services, name)
    assert type(getattr(AsyncWikipayam("token"), attribute)) is cls
    assert repr(cls) == f"<class 'wikipayam_async.services.{name}'>"
    assert getattr(services, name) is cls


def test_services_are_loaded_on_first_use() -> None:
    """The module lists all of them and loads none; using one loads no other."""
    code = (
        "import sys; from wikipayam_async import services; "
        "listed = set(services.__all__) <= set(dir(services)); "
        "before = [name for name in services.__all__ if name in vars(services)]; "
        "cls = services.VoiceService; "
        "print(listed, before, [name for name in services.__all__ if name in vars(services)], "
        "'wikipayam_async.services.sms.service' in sys.modules)"
    )
    assert run(code) == "True [] ['VoiceService'] False"


def test_a_service_names_its_public_path_whatever_is_imported() -> None:
    """The module of the classes need not be imported for it."""
    code = "from wikipayam_async import AsyncWikipayam; print(type(AsyncWikipayam('token').sms))"
    assert run(code) == "<class 'wikipayam_async.services.SmsService'>"


def test_names_are_imported_by_star() -> None:
    """`from wikipayam_async.services import *` gives the five classes."""
    assert run("from wikipayam_async.services import *; print(SmsService.__name__, HolooService.__module__)") == (
        "SmsService wikipayam_async.services"
    )


@pytest.mark.parametrize("name", ["AccountService", "Nonsense", "__wrapped__"])
def test_an_unknown_name_is_an_attribute_error(name: str) -> None:
    """The error is the same as Python's."""
    with pytest.raises(AttributeError, match=f"module 'wikipayam_async.services' has no attribute '{name}'") as caught:
        getattr(services, name)
    assert caught.value.name == name
