"""One-time codes that withstand attacks: sent by SMS and by voice call, and checked."""

from wikipayam_async.publish import publish
from wikipayam_async.pydantic_schema import add_schema
from wikipayam_async.verification.channels import CodeMessage, SmsChannel, VerificationChannel, VoiceChannel
from wikipayam_async.verification.client_address import client_address
from wikipayam_async.verification.errors import (
    ChallengeClosedError,
    LimitScope,
    VerificationLimitError,
    VerificationStoreError,
)
from wikipayam_async.verification.events import (
    ChallengeSubject,
    CodeChecked,
    CodeSent,
    LimitReached,
    VerificationEvent,
    VerificationHook,
)
from wikipayam_async.verification.limits import VerificationLimits
from wikipayam_async.verification.memory import MemoryStore
from wikipayam_async.verification.models import Challenge, CheckResult, CheckStatus
from wikipayam_async.verification.pattern import OtpPatternCheck, OtpPatternProblem, check_otp_pattern
from wikipayam_async.verification.proof import InvalidProofError, NumberProofs, ProofSecret, VerifiedNumber
from wikipayam_async.verification.store import (
    ChallengeRecord,
    ChallengeState,
    CheckAttempt,
    CheckOutcome,
    Quota,
    Refusal,
    SendIntent,
    SendOutcome,
    VerificationStore,
    WrongTryWait,
)
from wikipayam_async.verification.verifier import Verifier

__all__ = [
    "Challenge",
    "ChallengeClosedError",
    "ChallengeRecord",
    "ChallengeState",
    "ChallengeSubject",
    "CheckAttempt",
    "CheckOutcome",
    "CheckResult",
    "CheckStatus",
    "CodeChecked",
    "CodeMessage",
    "CodeSent",
    "InvalidProofError",
    "LimitReached",
    "LimitScope",
    "MemoryStore",
    "NumberProofs",
    "OtpPatternCheck",
    "OtpPatternProblem",
    "ProofSecret",
    "Quota",
    "Refusal",
    "SendIntent",
    "SendOutcome",
    "SmsChannel",
    "VerificationChannel",
    "VerificationEvent",
    "VerificationHook",
    "VerificationLimitError",
    "VerificationLimits",
    "VerificationStore",
    "VerificationStoreError",
    "VerifiedNumber",
    "Verifier",
    "VoiceChannel",
    "WrongTryWait",
    "check_otp_pattern",
    "client_address",
]

publish(__name__, __all__, globals())

for _model in (Challenge, CheckResult):
    add_schema(_model)
