"""The expected result of every fault, as a literal table with one row per fault.

A cell has what is raised, the number of complete requests at the gateway / the number of messages it accepted (or
markings it made), and the outcome: that of `CallFinished`, or for a bulk send the status of each message. A row without
cells for a read or a marking is about something that only a send has. Where the result is random, the cell says `or`.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

__all__ = ["DELAYS", "EITHER", "KINDS", "Row", "rows"]

EITHER = " or "

MATRIX = """
fault                                              | a read                              | a marking                           | a send                              | a bulk send

# No connection
connection refused                                 | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
name not found                                     | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
certificate for another host                       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
self-signed certificate                            | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
handshake hangs                                    | APITimeoutError 0/0 failed          | APITimeoutError 0/0 failed          | APITimeoutError 0/0 failed          | APITimeoutError 0/0 not_attempted
handshake answered in plain text                   | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
reset in the handshake                             | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
reset on accept                                    | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | UnknownOutcomeError 0/0 unknown or APIConnectionError 0/0 failed | UnknownOutcomeError 0/0 unknown or APIConnectionError 0/0 not_attempted
reset after a moment, nothing read                 | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | UnknownOutcomeError 0/0 unknown     | UnknownOutcomeError 0/0 unknown
proxy refuses the tunnel, 403                      | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
proxy refuses the tunnel, 502                      | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
proxy wants a password, 407                        | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
proxy closes instead of a tunnel                   | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
proxy answers 502 for a plain gateway              | ServerError 3/0 failed              | ServerError 3/3 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
proxy closes after a plain request                 | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown

# The connection breaks
closed after the request, accepted                 | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
closed after the request, not accepted             | APIConnectionError 3/0 failed       | APIConnectionError 3/0 failed       | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
closed after the request over TLS, accepted        | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
reset after the request, accepted                  | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
reset after the request, not accepted              | APIConnectionError 3/0 failed       | APIConnectionError 3/0 failed       | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
reset after the request over TLS, accepted         | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
reset in the middle of a body of 5 MB              | -                                   | -                                   | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
the same once, then well                           | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted
413 in the middle of a body of 5 MB, then closed   | -                                   | -                                   | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
stops reading in a body of 10 MB                   | -                                   | -                                   | UnknownOutcomeError 0/0 unknown     | UnknownOutcomeError 0/0 unknown
idle connection closed                             | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
idle connection half-closed                        | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
idle connection reset                              | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted

# The gateway stalls
no answer, accepted                                | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
no answer, not accepted                            | APITimeoutError 3/0 failed          | APITimeoutError 3/0 failed          | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
no answer once, then well                          | ok 2/0 succeeded                    | ok 2/2 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
head only                                          | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
head dripped                                       | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
body dripped                                       | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
chunks dripped                                     | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
endless 100 Continue, slow                         | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
endless 100 Continue, fast                         | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown

# The answer is broken as HTTP
length longer than the body                        | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
last chunk missing                                 | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
bad chunk                                          | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
no length, whole                                   | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
no length, cut in the JSON                         | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
two lengths                                        | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
length and chunks                                  | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
chunks and length                                  | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
length below zero                                  | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
header of 200 KB                                   | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
10,000 headers                                     | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
not HTTP                                           | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
switch of protocols                                | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip, whole                                        | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip, truncated                                    | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip, corrupt                                      | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip bomb                                          | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip bomb in a gzip                                | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip bomb through a proxy                          | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip in name only                                  | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
17 MiB, announced                                  | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
17 MiB, in chunks                                  | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown

# The answer says something strange
well                                               | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
page of HTML                                       | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
empty body                                         | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
204                                                | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
bad UTF-8                                          | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
NaN                                                | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
JSON of 100,000 levels                             | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
100,000 open brackets                              | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data twice, the last one empty                     | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
a key twice, the same value                        | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
fields that nobody knows                           | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
no envelope                                        | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
error under 200                                    | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
envelope is a number                               | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
envelope is null                                   | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is null                                       | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is a number                                   | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is a word                                     | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is true                                       | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is an empty list                              | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is a list of lists                            | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data in data                                       | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
every value is a list                              | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
every value is null                                | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
every number is a word                             | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted

# The answer to one message
one sent: id is a number                           | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted
one sent: id is null                               | -                                   | -                                   | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
one sent: id is empty                              | -                                   | -                                   | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
one sent: no id                                    | -                                   | -                                   | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
one sent: no track id                              | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted
one sent: another's track id                       | -                                   | -                                   | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
one sent: no track id, another's receiver          | -                                   | -                                   | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
one sent: told twice                               | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted
one sent: told among others                        | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted
one sent: an object in place of the list           | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted

# The answer to three messages
three sent: well                                   | -                                   | -                                   | ok 1/3 succeeded                    | ok 1/3 accepted+accepted+accepted
three sent: the last missing                       | -                                   | -                                   | UnknownOutcomeError 1/3 unknown     | UnknownOutcomeError 1/3 accepted+accepted+unknown
three sent: the first missing                      | -                                   | -                                   | UnknownOutcomeError 1/3 unknown     | UnknownOutcomeError 1/3 unknown+accepted+accepted
three sent: one more                               | -                                   | -                                   | ok 1/3 succeeded                    | ok 1/3 accepted+accepted+accepted
three sent: reordered                              | -                                   | -                                   | ok 1/3 succeeded                    | ok 1/3 accepted+accepted+accepted
three sent: the first told twice, the last missing | -                                   | -                                   | UnknownOutcomeError 1/3 unknown     | UnknownOutcomeError 1/3 accepted+accepted+unknown
three sent: all told twice                         | -                                   | -                                   | ok 1/3 succeeded                    | ok 1/3 accepted+accepted+accepted
three sent: an item is rubbish                     | -                                   | -                                   | UnknownOutcomeError 1/3 unknown     | UnknownOutcomeError 1/3 accepted+unknown+accepted
three sent: no track ids                           | -                                   | -                                   | ok 1/3 succeeded                    | ok 1/3 accepted+accepted+accepted
three sent: ids alone                              | -                                   | -                                   | UnknownOutcomeError 1/3 unknown     | UnknownOutcomeError 1/3 unknown+unknown+unknown
three sent: 422 for the second, then well          | -                                   | -                                   | UnprocessableError 1/0 failed       | UnprocessableError 2/2 accepted+rejected+accepted
three sent: 413, then well                         | -                                   | -                                   | PayloadTooLargeError 1/0 failed     | ok 3/3 accepted+accepted+accepted

# The gateway refuses
400                                                | BadRequestError 1/0 failed          | BadRequestError 1/0 failed          | BadRequestError 1/0 failed          | BadRequestError 1/0 rejected
401                                                | AuthenticationError 1/0 failed      | AuthenticationError 1/0 failed      | AuthenticationError 1/0 failed      | AuthenticationError 1/0 rejected
402                                                | InsufficientBalanceError 1/0 failed | InsufficientBalanceError 1/0 failed | InsufficientBalanceError 1/0 failed | InsufficientBalanceError 1/0 rejected
403                                                | PermissionDeniedError 1/0 failed    | PermissionDeniedError 1/0 failed    | PermissionDeniedError 1/0 failed    | PermissionDeniedError 1/0 rejected
404                                                | NotFoundError 1/0 failed            | NotFoundError 1/0 failed            | NotFoundError 1/0 failed            | NotFoundError 1/0 rejected
405                                                | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 rejected
410                                                | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 rejected
413                                                | PayloadTooLargeError 1/0 failed     | PayloadTooLargeError 1/0 failed     | PayloadTooLargeError 1/0 failed     | PayloadTooLargeError 1/0 rejected
415                                                | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 rejected
422                                                | UnprocessableError 1/0 failed       | UnprocessableError 1/0 failed       | UnprocessableError 1/0 failed       | UnprocessableError 1/0 rejected
425                                                | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 rejected
429                                                | RateLimitError 3/0 failed           | RateLimitError 3/0 failed           | RateLimitError 3/0 failed           | RateLimitError 30/0 rejected

# The gateway asks for a pause
429, 3 seconds, then well                          | ok 2/0 succeeded                    | ok 2/1 succeeded                    | ok 2/1 succeeded                    | ok 2/1 accepted
429, until a date, then well                       | ok 2/0 succeeded                    | ok 2/1 succeeded                    | ok 2/1 succeeded                    | ok 2/1 accepted
429, rubbish, then well                            | ok 2/0 succeeded                    | ok 2/1 succeeded                    | ok 2/1 succeeded                    | ok 2/1 accepted
429, 9999 seconds                                  | RateLimitError 1/0 failed           | RateLimitError 1/0 failed           | RateLimitError 1/0 failed           | RateLimitError 1/0 rejected

# The gateway fails
408, accepted                                      | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
409, accepted                                      | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
500, accepted                                      | ServerError 1/0 failed              | ServerError 1/1 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
501, accepted                                      | ServerError 1/0 failed              | ServerError 1/1 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
502, accepted                                      | ServerError 3/0 failed              | ServerError 3/3 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
503, accepted                                      | ServerError 3/0 failed              | ServerError 3/3 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
504, accepted                                      | ServerError 3/0 failed              | ServerError 3/3 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
502, a page of HTML, accepted                      | ServerError 3/0 failed              | ServerError 3/3 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
503, not accepted                                  | ServerError 3/0 failed              | ServerError 3/0 failed              | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
503, 7 seconds, then well                          | ok 2/0 succeeded                    | ok 2/1 succeeded                    | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
503, 9999 seconds                                  | ServerError 1/0 failed              | ServerError 1/0 failed              | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
301 to another host, accepted                      | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
302 to another host, accepted                      | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
303 to another host, accepted                      | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
307 to another host, accepted                      | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
308 to another host, accepted                      | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown

# The environment interferes
HTTP_PROXY in the environment                      | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
HTTPS_PROXY in the environment                     | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
ALL_PROXY in the environment                       | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
NETRC in the environment                           | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
SSL_CERT_FILE trusts the gateway, nobody else      | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
"""

KINDS = ("read", "marking", "send", "bulk")

ONCE: tuple[float, ...] = ()
TWICE = (0.5,)
THRICE = (0.5, 1.0)
RETRIED_UNLESS_SENT = {"read": THRICE, "marking": THRICE, "send": ONCE, "bulk": ONCE}

DELAYS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "connection refused": dict.fromkeys(KINDS, THRICE),
    "name not found": dict.fromkeys(KINDS, THRICE),
    "certificate for another host": dict.fromkeys(KINDS, ONCE),
    "self-signed certificate": dict.fromkeys(KINDS, ONCE),
    "handshake hangs": dict.fromkeys(KINDS, THRICE),
    "handshake answered in plain text": dict.fromkeys(KINDS, THRICE),
    "reset in the handshake": dict.fromkeys(KINDS, THRICE),
    "reset after a moment, nothing read": RETRIED_UNLESS_SENT,
    "proxy refuses the tunnel, 403": dict.fromkeys(KINDS, THRICE),
    "proxy refuses the tunnel, 502": dict.fromkeys(KINDS, THRICE),
    "proxy wants a password, 407": dict.fromkeys(KINDS, THRICE),
    "proxy closes instead of a tunnel": dict.fromkeys(KINDS, THRICE),
    "reset in the middle of a body of 5 MB": {"send": THRICE, "bulk": THRICE},
    "the same once, then well": {"send": TWICE, "bulk": TWICE},
    "413 in the middle of a body of 5 MB, then closed": {"send": THRICE, "bulk": THRICE},
    "stops reading in a body of 10 MB": {"send": ONCE, "bulk": ONCE},
    "no answer, accepted": RETRIED_UNLESS_SENT,
    "429": {"read": THRICE, "marking": THRICE, "send": THRICE},
    "429, 3 seconds, then well": dict.fromkeys(KINDS, (3.0,)),
    "429, until a date, then well": dict.fromkeys(KINDS, (30.0,)),
    "429, rubbish, then well": dict.fromkeys(KINDS, TWICE),
    "429, 9999 seconds": dict.fromkeys(KINDS, ONCE),
    "503, not accepted": RETRIED_UNLESS_SENT,
    "503, 7 seconds, then well": {"read": (7.0,), "marking": (7.0,), "send": ONCE, "bulk": ONCE},
    "503, 9999 seconds": dict.fromkeys(KINDS, ONCE),
    "SSL_CERT_FILE trusts the gateway, nobody else": dict.fromkeys(KINDS, ONCE),
}
"""The delays between the attempts, in seconds, by the kind of the call; there is one attempt more than delays."""


@frozen
class Row:
    """A row of the table.

    Attributes:
        fault: The name of the fault.
        group: The heading above it.
        cells: The cells by the kind of the call, without empty ones.
    """

    fault: str
    group: str
    cells: Mapping[str, str]


def rows() -> Mapping[str, Row]:
    """Read the table."""
    found: dict[str, Row] = {}
    group = ""
    for line in MATRIX.splitlines()[2:]:
        if line.startswith("#"):
            group = line.removeprefix("# ")
        elif line:
            fault, *cells = (cell.strip() for cell in line.split("|"))
            found[fault] = Row(
                fault, group, {kind: cell for kind, cell in zip(KINDS, cells, strict=True) if cell != "-"}
            )
    return found
