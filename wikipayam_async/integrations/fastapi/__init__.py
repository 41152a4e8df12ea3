"""FastAPI: a lifespan that opens the client, dependencies, and error handlers. Needs the extra `fastapi`."""

try:
    import fastapi as _fastapi  # noqa: F401 - imported first, to name the missing extra
except ImportError as error:
    raise ImportError(
        "wikipayam_async.integrations.fastapi needs FastAPI: pip install 'wikipayam_async[fastapi]'", name=error.name
    ) from error

from wikipayam_async.integrations.fastapi.bodies import (
    WIKIPAYAM_RESPONSES,
    GatewayProblem,
    InvalidInput,
    InvalidInputDetail,
    Problem,
    UncertainSend,
)
from wikipayam_async.integrations.fastapi.dependencies import (
    BatcherDep,
    InboundWorkerDep,
    OutboxDep,
    VerifierDep,
    WikipayamDep,
    get_batcher,
    get_inbound_worker,
    get_outbox,
    get_verifier,
    get_wikipayam,
)
from wikipayam_async.integrations.fastapi.handlers import install_error_handlers
from wikipayam_async.integrations.fastapi.lifespan import AppLifespan, wikipayam_lifespan
from wikipayam_async.integrations.fastapi.verification import VerifierSource, verification_router, verified_number
from wikipayam_async.integrations.fastapi.verification_bodies import (
    CheckCode,
    CodeAccepted,
    CodeRefused,
    ResendCode,
    StartVerification,
    TooManyRequests,
    VerificationStarted,
)
from wikipayam_async.publish import publish

__all__ = [
    "WIKIPAYAM_RESPONSES",
    "AppLifespan",
    "BatcherDep",
    "CheckCode",
    "CodeAccepted",
    "CodeRefused",
    "GatewayProblem",
    "InboundWorkerDep",
    "InvalidInput",
    "InvalidInputDetail",
    "OutboxDep",
    "Problem",
    "ResendCode",
    "StartVerification",
    "TooManyRequests",
    "UncertainSend",
    "VerificationStarted",
    "VerifierDep",
    "VerifierSource",
    "WikipayamDep",
    "get_batcher",
    "get_inbound_worker",
    "get_outbox",
    "get_verifier",
    "get_wikipayam",
    "install_error_handlers",
    "verification_router",
    "verified_number",
    "wikipayam_lifespan",
]

publish(__name__, __all__, globals())
