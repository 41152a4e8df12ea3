"""The services of the client, for annotations: `client.sms` is an `SmsService`.

A service is loaded when its name is first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wikipayam_async.services.holoo import HolooService as HolooService
    from wikipayam_async.services.otp import OtpService as OtpService
    from wikipayam_async.services.receives.service import ReceivesService as ReceivesService
    from wikipayam_async.services.sms.service import SmsService as SmsService
    from wikipayam_async.services.voice import VoiceService as VoiceService
else:
    from importlib import import_module

    _MODULES = {
        "HolooService": "holoo",
        "OtpService": "otp",
        "ReceivesService": "receives.service",
        "SmsService": "sms.service",
        "VoiceService": "voice",
    }

    def __getattr__(name: str) -> object:
        """Load a service."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        service = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = service
        return service

    def __dir__() -> list[str]:
        """List the services, loaded or not."""
        return sorted({*globals(), *_MODULES})


__all__ = ["HolooService", "OtpService", "ReceivesService", "SmsService", "VoiceService"]
