import json
import pickle
import traceback
from collections.abc import Iterator

import pytest

from wikipayam_async import errors
from wikipayam_async.bulk.results import BulkError, BulkReport, BulkSourceError, BulkUnknownOutcomeError, SendResult
from wikipayam_async.errors import (
    SAFE_TO_RETRY,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    BeforeSendError,
    ClosedError,
    ConfigurationError,
    InvalidInputError,
    OutboxFullError,
    RateLimitError,
    ResponseError,
    ServerError,
    SuppressedError,
    UnknownOutcomeError,
    WikipayamError,
)
from wikipayam_async.messages import SentMessage, SmsMessage
from wikipayam_async.outcomes import Attempt, Phase, SendStatus

TEXT, NUMBER = "a private text", "09123456789"
MESSAGE = SmsMessage(NUMBER, TEXT)
SENT = SentMessage("69e5", receiver=NUMBER)
ATTEMPTS = (Attempt(1, Phase.READING, 0.25, 429), Attempt(2, Phase.SENT, 1.5, None, "timeout"))

PARENTS = {
    "ConfigurationError": (WikipayamError, ValueError),
    "InvalidInputError": (WikipayamError, ValueError),
    "ClosedError": (WikipayamError, RuntimeError),
    "SuppressedError": (WikipayamError,),
    "BeforeSendError": (WikipayamError,),
    "OutboxFullError": (WikipayamError,),
    "APIConnectionError": (WikipayamError,),
    "APITimeoutError": (APIConnectionError,),
    "APIStatusError": (WikipayamError,),
    "BadRequestError": (APIStatusError,),
    "AuthenticationError": (APIStatusError,),
    "InsufficientBalanceError": (APIStatusError,),
    "PermissionDeniedError": (APIStatusError,),
    "NotFoundError": (APIStatusError,),
    "PayloadTooLargeError": (APIStatusError,),
    "UnprocessableError": (APIStatusError,),
    "RateLimitError": (APIStatusError,),
    "ServerError": (APIStatusError,),
    "ResponseError": (WikipayamError,),
    "UnknownOutcomeError": (WikipayamError,),
    "BulkError": (WikipayamError,),
    "BulkSourceError": (BulkError,),
    "BulkUnknownOutcomeError": (BulkError, UnknownOutcomeError),
    "WikipayamError": (Exception,),
}
CLASSES: dict[str, type[WikipayamError]] = {
    **{name: getattr(errors, name) for name in errors.__all__ if name != "SAFE_TO_RETRY"},
    "BulkError": BulkError,
    "BulkSourceError": BulkSourceError,
    "BulkUnknownOutcomeError": BulkUnknownOutcomeError,
}
STATUS_ERRORS = [name for name, cls in CLASSES.items() if issubclass(cls, APIStatusError)]


def report() -> BulkReport:
    """Return a report of one rejected message."""
    return BulkReport([SendResult(0, MESSAGE, SendStatus.REJECTED)])


def every_error() -> Iterator[WikipayamError]:
    """Yield one error of every class, with every attribute set."""
    yield WikipayamError("root")
    yield ConfigurationError("token: none given")
    yield InvalidInputError("messages[3].receiver", rule="expected a mobile", got="a string of 3 characters")
    yield ClosedError("the client is closed")
    yield SuppressedError("not sent: the receiver opted out", reason="opted_out")
    yield BeforeSendError("not sent: before_send raised OSError")
    yield OutboxFullError("not posted", retry_after=2.5)
    yield APIConnectionError("refused", phase=Phase.CONNECTING, attempts=ATTEMPTS)
    yield APITimeoutError("too late", phase=Phase.SENT, attempts=ATTEMPTS)
    for name in STATUS_ERRORS:
        yield getattr(errors, name)(
            "the gateway answered",
            status_code=418,
            message="no",
            errors={"0.receiver": ("bad", "worse")},
            headers={"x-request-id": "7"},
            retry_after=2.5,
            attempts=ATTEMPTS,
        )
    yield ResponseError("not JSON", status_code=200, attempts=ATTEMPTS)
    yield UnknownOutcomeError(
        "unknown",
        messages=[MESSAGE],
        track_ids=["T1", None],
        accepted=[SENT],
        phase=Phase.SENT,
        attempts=ATTEMPTS,
    )
    yield BulkError("1 of 1 failed", report=report())
    yield BulkSourceError("the source raised", report=report())
    unknown = SendResult(0, MESSAGE, SendStatus.UNKNOWN, track_id="T1")
    yield BulkUnknownOutcomeError("1 of 1 unknown", report=BulkReport([unknown]))


ERRORS = list(every_error())


@pytest.mark.parametrize("name", CLASSES)
def test_the_tree_is_as_documented(name: str) -> None:
    """Every error has the base classes that the docstring of the module shows."""
    assert tuple(parent for parent in PARENTS[name] if not issubclass(CLASSES[name], parent)) == ()


SEND_STATUSES = {
    "ConfigurationError": SendStatus.NOT_ATTEMPTED,
    "InvalidInputError": SendStatus.REJECTED,
    "ClosedError": SendStatus.NOT_ATTEMPTED,
    "SuppressedError": SendStatus.REJECTED,
    "BeforeSendError": SendStatus.NOT_ATTEMPTED,
    "OutboxFullError": SendStatus.NOT_ATTEMPTED,
    "UnknownOutcomeError": SendStatus.UNKNOWN,
    "BulkUnknownOutcomeError": SendStatus.UNKNOWN,
}


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_says_whether_a_send_may_be_repeated(error: WikipayamError) -> None:
    """An error of a request has no `send_status` until it is raised for a send; all others have that of their class."""
    assert error.send_status is SEND_STATUSES.get(type(error).__name__)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("status", SendStatus)
def test_a_pickle_keeps_the_send_status(error: WikipayamError, status: SendStatus) -> None:
    """A worker that gets a pickled error still knows whether to send again."""
    changed = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled above
    changed.send_status = status
    found = pickle.loads(pickle.dumps(changed))  # noqa: S301 - pickled above
    assert found.send_status is status


def test_the_samples_cover_every_class() -> None:
    """No error class is left out of the checks of pickles and secrets."""
    assert sorted({type(error).__name__ for error in ERRORS}) == sorted(CLASSES)


def test_only_errors_of_the_caller_are_value_errors() -> None:
    """Invalid settings and arguments are a `ValueError`; all other errors are not."""
    assert [name for name, cls in CLASSES.items() if issubclass(cls, ValueError)] == [
        "ConfigurationError",
        "InvalidInputError",
    ]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_pickled_without_messages(error: WikipayamError) -> None:
    """Class, text and attributes are kept, except messages, accepted items, reports and headers."""
    unpickled: dict[str, object] = {"messages": (), "accepted": (), "report": None, "headers": {}}
    found = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled above
    expected = {name: unpickled.get(name, value) for name, value in error.__dict__.items()}
    assert (type(found), str(found), found.__dict__) == (type(error), str(error), expected)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_pickle_holds_no_secret(error: WikipayamError) -> None:
    """A pickle contains neither the text nor the number of a message."""
    pickled = pickle.dumps(error)
    assert [secret for secret in (TEXT, NUMBER) if secret.encode() in pickled] == []


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_text_repr_and_traceback_hold_no_secret(error: WikipayamError) -> None:
    """What an error shows contains neither the text nor the number of a message."""
    shown = "".join([str(error), repr(error), *traceback.format_exception(error)])
    assert [secret for secret in (TEXT, NUMBER) if secret in shown] == []


def test_a_pickled_unknown_outcome_keeps_its_track_ids() -> None:
    """Track ids, phase and attempts are kept; messages and accepted items are not."""
    error = UnknownOutcomeError(
        "unknown", messages=[MESSAGE], track_ids=["T1"], accepted=[SENT], phase=Phase.SENT, attempts=ATTEMPTS
    )
    found = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled above
    assert (found.messages, found.accepted) == ((), ())
    assert (found.track_ids, found.phase, found.attempts) == (("T1",), Phase.SENT, ATTEMPTS)


def test_an_unknown_outcome_holds_the_callers_messages() -> None:
    """The error has the caller's own objects, unless it was pickled."""
    error = UnknownOutcomeError("unknown", messages=[MESSAGE], track_ids=["T1"], accepted=[SENT])
    assert error.messages[0] is MESSAGE
    assert (error.track_ids, error.accepted, error.phase, error.attempts) == (("T1",), (SENT,), None, ())


def test_the_defaults_of_a_status_error_are_empty() -> None:
    """Unset attributes are empty, and the mappings are read-only."""
    error = APIStatusError("said no", status_code=418)
    assert (error.message, dict(error.errors), dict(error.headers), error.retry_after, error.attempts) == (
        "",
        {},
        {},
        None,
        (),
    )
    assert (hasattr(error.errors, "update"), hasattr(error.headers, "update")) == (False, False)


def test_a_status_error_copies_its_mappings() -> None:
    """A later change of a passed mapping does not change the error."""
    headers = {"a": "b"}
    error = APIStatusError("said no", status_code=418, headers=headers)
    headers.clear()
    assert dict(error.headers) == {"a": "b"}


def test_the_text_of_an_input_error() -> None:
    """The text has field, rule and shape, and `within` adds a prefix to the field."""
    error = InvalidInputError("receiver", rule="expected a mobile", got="None").within("messages[3].")
    assert str(error) == "messages[3].receiver: expected a mobile; got None"
    assert (type(error), error.field, error.rule, error.got) == (
        InvalidInputError,
        "messages[3].receiver",
        "expected a mobile",
        "None",
    )


@pytest.mark.parametrize(
    "error",
    [
        ServerError("receives.iter: the gateway answered 500", status_code=500, message="m", attempts=ATTEMPTS),
        ResponseError("receives.iter: the gateway answered 500", status_code=200, attempts=ATTEMPTS),
    ],
)
def test_an_error_of_one_received_message(error: ServerError | ResponseError) -> None:
    """The same error with the offset of the message keeps its other attributes, also in a pickle."""
    found = error.at_offset(7)
    assert str(found) == (
        "receives.iter: the gateway answered 500; only the message at offset 7 is affected: continue behind it"
    )
    unpickled = pickle.loads(pickle.dumps(found))  # noqa: S301 - made in the line itself
    assert (error.offset, found.offset, unpickled.offset) == (None, 7, 7)
    assert vars(found) == vars(error) | {"offset": 7}
    assert type(found) is type(error)


def subclasses(cls: type[WikipayamError]) -> Iterator[type[WikipayamError]]:
    """Yield a class and all classes below it that belong to the package."""
    yield cls
    for below in cls.__subclasses__():
        yield from subclasses(below)


def test_the_samples_cover_every_class_that_a_library_user_can_meet() -> None:
    """A new error class joins the tests of pickles and of JSON; those of the command line never leave its process."""
    found = {cls.__name__ for cls in subclasses(WikipayamError) if cls.__module__ == "wikipayam_async"}
    assert sorted(found) == sorted(CLASSES)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("status", [None, *SendStatus])
def test_an_error_survives_json(error: WikipayamError, status: SendStatus | None) -> None:
    """`cls(*args)`, with the arguments after JSON, is the same error with the fields of a pickle, as in Celery's results."""
    given = pickle.loads(pickle.dumps(error))  # noqa: S301 - pickled above
    if status is not None:
        given.send_status = status
    given.add_note("a note")
    args = json.loads(json.dumps(given.args))
    found = type(error)(*args)
    assert (type(found), str(found), repr(found)) == (type(given), str(given), repr(given))
    assert vars(found) == vars(given)
    assert (found.args, found.send_status) == (given.args, given.send_status)
    again = pickle.loads(pickle.dumps(found))  # noqa: S301 - pickled above
    assert (str(again), vars(again)) == (str(given), vars(given))


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_the_args_hold_no_secret(error: WikipayamError) -> None:
    """What a queue stores contains neither the text nor the number of a message."""
    stored = json.dumps(error.args, ensure_ascii=False)
    assert [secret for secret in (TEXT, NUMBER) if secret in stored] == []


def test_an_error_without_fields_has_only_its_text_as_args() -> None:
    """It looks like any other exception."""
    error = ClosedError("the client is closed")
    assert (error.args, str(error), repr(error)) == (
        ("the client is closed",),
        "the client is closed",
        "ClosedError('the client is closed')",
    )


def test_a_field_without_a_json_form_is_left_out() -> None:
    """An attribute that a program added does not make the error unserializable."""
    error = ClosedError("the client is closed")
    error.connection = object()  # type: ignore[attr-defined]
    assert error.args == ("the client is closed",)


class ShopError(WikipayamError):
    """An error of a program, with arguments of its own."""

    def __init__(self, text: str, details: dict[str, int]) -> None:
        super().__init__(text)
        self.details = details


def test_an_error_class_of_a_program_may_take_a_dictionary() -> None:
    """Only the form of `args` restores an error; anything else is passed to `__init__`."""
    error = ShopError("no stock", {"item": 7})
    found = ShopError(*json.loads(json.dumps(error.args)))
    assert (error.details, found.details, str(found)) == ({"item": 7}, {"item": 7}, "no stock")


def test_what_is_safe_to_retry_was_not_sent() -> None:
    """No error of the tuple, and none below its classes, can be that of a send that was accepted."""
    statuses = {error.send_status for error in ERRORS if isinstance(error, SAFE_TO_RETRY)}
    assert statuses == {None, SendStatus.NOT_ATTEMPTED}
    assert [type(error) for error in ERRORS if isinstance(error, SAFE_TO_RETRY)] == [
        ClosedError,
        OutboxFullError,
        APIConnectionError,
        APITimeoutError,
        RateLimitError,
    ]
