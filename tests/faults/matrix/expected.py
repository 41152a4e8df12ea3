"""The expected result of every fault, as a literal table with one row per fault.

A cell has the exception, the number of complete requests at the gateway / the number of messages it accepted (or
messages it marked as read), and the outcome: that of `CallFinished`, or for a bulk send the status of each message. A
row without cells for a read or a `mark_read` applies only to sends. A cell with a random result lists them with `or`.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

__all__ = ["DELAYS", "EITHER", "KINDS", "Row", "rows"]

EITHER = " or "

MATRIX = """
fault                                                    | read                                | mark as read                        | send                                | bulk send

# No connection
connection refused                                       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
host name not found                                      | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
certificate for another host                             | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
certificate from an unknown authority                    | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
TLS handshake stalls                                     | APITimeoutError 0/0 failed          | APITimeoutError 0/0 failed          | APITimeoutError 0/0 failed          | APITimeoutError 0/0 not_attempted
TLS handshake answered in plain HTTP                     | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
connection reset during the TLS handshake                | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
connection reset on accept                               | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | UnknownOutcomeError 0/0 unknown or APIConnectionError 0/0 failed | UnknownOutcomeError 0/0 unknown or APIConnectionError 0/0 not_attempted
connection reset after a delay, nothing read             | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | UnknownOutcomeError 0/0 unknown     | UnknownOutcomeError 0/0 unknown
proxy rejects CONNECT with 403                           | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
proxy rejects CONNECT with 502                           | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
proxy rejects CONNECT with 407                           | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
proxy closes the connection on CONNECT                   | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
proxy answers 502 to a plain HTTP request                | ServerError 3/0 failed              | ServerError 3/3 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
proxy closes after a plain HTTP request                  | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown

# Broken connections
connection closed after the request, accepted            | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
connection closed after the request, not accepted        | APIConnectionError 3/0 failed       | APIConnectionError 3/0 failed       | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
TLS connection closed after the request, accepted        | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
connection reset after the request, accepted             | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
connection reset after the request, not accepted         | APIConnectionError 3/0 failed       | APIConnectionError 3/0 failed       | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
TLS connection reset after the request, accepted         | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
connection reset during a 5 MB body                      | -                                   | -                                   | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
connection reset during the body once, then success      | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted
413 during a 5 MB body, then closed                      | -                                   | -                                   | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
gateway stops reading during a 10 MB body                | -                                   | -                                   | UnknownOutcomeError 0/0 unknown     | UnknownOutcomeError 0/0 unknown
idle connection closed                                   | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
idle connection half-closed                              | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
idle connection reset                                    | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted

# Stalled responses
no response, accepted                                    | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
no response, not accepted                                | APITimeoutError 3/0 failed          | APITimeoutError 3/0 failed          | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
no response once, then success                           | ok 2/0 succeeded                    | ok 2/2 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
response head only                                       | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
slow response head                                       | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
slow response body                                       | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
slow response chunks                                     | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
endless 100 Continue, slow                               | APITimeoutError 3/0 failed          | APITimeoutError 3/3 failed          | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
endless 100 Continue, fast                               | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown

# Malformed, compressed and oversized responses
Content-Length longer than the body                      | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
last chunk missing                                       | APIConnectionError 3/0 failed       | APIConnectionError 3/3 failed       | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
invalid chunk size                                       | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
no Content-Length, complete body                         | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
no Content-Length, truncated JSON                        | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
two Content-Length headers                               | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
Content-Length, then Transfer-Encoding                   | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
Transfer-Encoding, then Content-Length                   | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
negative Content-Length                                  | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
200 KB header                                            | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
10,000 headers                                           | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
not HTTP                                                 | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
unrequested protocol switch                              | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip, valid                                              | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip, truncated                                          | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip, corrupt                                            | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip bomb                                                | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
nested gzip bomb                                         | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip bomb through a proxy                                | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
gzip declared, body not compressed                       | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
17 MiB with Content-Length                               | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
17 MiB, chunked                                          | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown

# Unexpected response bodies
documented response                                      | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
HTML page                                                | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
empty body                                               | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
204                                                      | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
invalid UTF-8                                            | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
NaN                                                      | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
JSON nested 100,000 levels deep                          | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
100,000 opening brackets                                 | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
duplicate data key, the last one empty                   | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
duplicate key, same value                                | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
unknown fields                                           | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
no data envelope                                         | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
error body with status 200                               | ResponseError 1/0 failed            | ResponseError 1/1 failed            | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
body is a number                                         | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
body is null                                             | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is null                                             | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is a number                                         | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is a string                                         | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is true                                             | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is an empty list                                    | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
data is a list of lists                                  | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
nested data objects                                      | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
every value is a list                                    | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
every value is null                                      | ResponseError 1/0 failed            | ok 1/1 succeeded                    | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
numbers as strings                                       | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted

# Response to one message
one message: numeric id                                  | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted
one message: null id                                     | -                                   | -                                   | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
one message: empty id                                    | -                                   | -                                   | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
one message: id missing                                  | -                                   | -                                   | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
one message: track id missing                            | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted
one message: unknown track id                            | -                                   | -                                   | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
one message: track id missing, unknown receiver          | -                                   | -                                   | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
one message: duplicate item                              | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted
one message: extra items                                 | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted
one message: object instead of a list                    | -                                   | -                                   | ok 1/1 succeeded                    | ok 1/1 accepted

# Response to three messages
three messages: documented response                      | -                                   | -                                   | ok 1/3 succeeded                    | ok 1/3 accepted+accepted+accepted
three messages: last item missing                        | -                                   | -                                   | UnknownOutcomeError 1/3 unknown     | UnknownOutcomeError 1/3 accepted+accepted+unknown
three messages: first item missing                       | -                                   | -                                   | UnknownOutcomeError 1/3 unknown     | UnknownOutcomeError 1/3 unknown+accepted+accepted
three messages: extra item                               | -                                   | -                                   | ok 1/3 succeeded                    | ok 1/3 accepted+accepted+accepted
three messages: items reordered                          | -                                   | -                                   | ok 1/3 succeeded                    | ok 1/3 accepted+accepted+accepted
three messages: first item duplicated, last item missing | -                                   | -                                   | UnknownOutcomeError 1/3 unknown     | UnknownOutcomeError 1/3 accepted+accepted+unknown
three messages: all items duplicated                     | -                                   | -                                   | ok 1/3 succeeded                    | ok 1/3 accepted+accepted+accepted
three messages: invalid item                             | -                                   | -                                   | UnknownOutcomeError 1/3 unknown     | UnknownOutcomeError 1/3 accepted+unknown+accepted
three messages: track ids missing                        | -                                   | -                                   | ok 1/3 succeeded                    | ok 1/3 accepted+accepted+accepted
three messages: ids only                                 | -                                   | -                                   | UnknownOutcomeError 1/3 unknown     | UnknownOutcomeError 1/3 unknown+unknown+unknown
three messages: 422 for the second, then success         | -                                   | -                                   | UnprocessableError 1/0 failed       | UnprocessableError 2/2 accepted+rejected+accepted
three messages: 413, then success                        | -                                   | -                                   | PayloadTooLargeError 1/0 failed     | ok 3/3 accepted+accepted+accepted

# Rejected requests
400                                                      | BadRequestError 1/0 failed          | BadRequestError 1/0 failed          | BadRequestError 1/0 failed          | BadRequestError 1/0 rejected
401                                                      | AuthenticationError 1/0 failed      | AuthenticationError 1/0 failed      | AuthenticationError 1/0 failed      | AuthenticationError 1/0 rejected
402                                                      | InsufficientBalanceError 1/0 failed | InsufficientBalanceError 1/0 failed | InsufficientBalanceError 1/0 failed | InsufficientBalanceError 1/0 rejected
403                                                      | PermissionDeniedError 1/0 failed    | PermissionDeniedError 1/0 failed    | PermissionDeniedError 1/0 failed    | PermissionDeniedError 1/0 rejected
404                                                      | NotFoundError 1/0 failed            | NotFoundError 1/0 failed            | NotFoundError 1/0 failed            | NotFoundError 1/0 rejected
405                                                      | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 rejected
410                                                      | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 rejected
413                                                      | PayloadTooLargeError 1/0 failed     | PayloadTooLargeError 1/0 failed     | PayloadTooLargeError 1/0 failed     | PayloadTooLargeError 1/0 rejected
415                                                      | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 rejected
422                                                      | UnprocessableError 1/0 failed       | UnprocessableError 1/0 failed       | UnprocessableError 1/0 failed       | UnprocessableError 1/0 rejected
425                                                      | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 failed           | APIStatusError 1/0 rejected
429                                                      | RateLimitError 3/0 failed           | RateLimitError 3/0 failed           | RateLimitError 3/0 failed           | RateLimitError 30/0 rejected

# Rate limits with Retry-After
429 with Retry-After 3, then success                     | ok 2/0 succeeded                    | ok 2/1 succeeded                    | ok 2/1 succeeded                    | ok 2/1 accepted
429 with a Retry-After date, then success                | ok 2/0 succeeded                    | ok 2/1 succeeded                    | ok 2/1 succeeded                    | ok 2/1 accepted
429 with an invalid Retry-After, then success            | ok 2/0 succeeded                    | ok 2/1 succeeded                    | ok 2/1 succeeded                    | ok 2/1 accepted
429 with Retry-After 9999                                | RateLimitError 1/0 failed           | RateLimitError 1/0 failed           | RateLimitError 1/0 failed           | RateLimitError 1/0 rejected

# Ambiguous statuses and redirects
408, accepted                                            | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
409, accepted                                            | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
500, accepted                                            | ServerError 1/0 failed              | ServerError 1/1 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
501, accepted                                            | ServerError 1/0 failed              | ServerError 1/1 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
502, accepted                                            | ServerError 3/0 failed              | ServerError 3/3 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
503, accepted                                            | ServerError 3/0 failed              | ServerError 3/3 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
504, accepted                                            | ServerError 3/0 failed              | ServerError 3/3 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
502 with an HTML page, accepted                          | ServerError 3/0 failed              | ServerError 3/3 failed              | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
503, not accepted                                        | ServerError 3/0 failed              | ServerError 3/0 failed              | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
503 with Retry-After 7, then success                     | ok 2/0 succeeded                    | ok 2/1 succeeded                    | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
503 with Retry-After 9999                                | ServerError 1/0 failed              | ServerError 1/0 failed              | UnknownOutcomeError 1/0 unknown     | UnknownOutcomeError 1/0 unknown
301 to another host, accepted                            | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
302 to another host, accepted                            | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
303 to another host, accepted                            | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
307 to another host, accepted                            | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown
308 to another host, accepted                            | APIStatusError 1/0 failed           | APIStatusError 1/1 failed           | UnknownOutcomeError 1/1 unknown     | UnknownOutcomeError 1/1 unknown

# Environment variables
HTTP_PROXY set                                           | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
HTTPS_PROXY set                                          | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
ALL_PROXY set                                            | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
NETRC set                                                | ok 1/0 succeeded                    | ok 1/1 succeeded                    | ok 1/1 succeeded                    | ok 1/1 accepted
gateway trusted only by SSL_CERT_FILE                    | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 failed       | APIConnectionError 0/0 not_attempted
"""

KINDS = ("read", "mark_read", "send", "bulk")

ONCE: tuple[float, ...] = ()
TWICE = (0.5,)
THRICE = (0.5, 1.0)
RETRIED_UNLESS_SENT = {"read": THRICE, "mark_read": THRICE, "send": ONCE, "bulk": ONCE}

DELAYS: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    "connection refused": dict.fromkeys(KINDS, THRICE),
    "host name not found": dict.fromkeys(KINDS, THRICE),
    "certificate for another host": dict.fromkeys(KINDS, ONCE),
    "certificate from an unknown authority": dict.fromkeys(KINDS, ONCE),
    "TLS handshake stalls": dict.fromkeys(KINDS, THRICE),
    "TLS handshake answered in plain HTTP": dict.fromkeys(KINDS, THRICE),
    "connection reset during the TLS handshake": dict.fromkeys(KINDS, THRICE),
    "connection reset after a delay, nothing read": RETRIED_UNLESS_SENT,
    "proxy rejects CONNECT with 403": dict.fromkeys(KINDS, THRICE),
    "proxy rejects CONNECT with 502": dict.fromkeys(KINDS, THRICE),
    "proxy rejects CONNECT with 407": dict.fromkeys(KINDS, THRICE),
    "proxy closes the connection on CONNECT": dict.fromkeys(KINDS, THRICE),
    "connection reset during a 5 MB body": {"send": THRICE, "bulk": THRICE},
    "connection reset during the body once, then success": {"send": TWICE, "bulk": TWICE},
    "413 during a 5 MB body, then closed": {"send": THRICE, "bulk": THRICE},
    "gateway stops reading during a 10 MB body": {"send": ONCE, "bulk": ONCE},
    "no response, accepted": RETRIED_UNLESS_SENT,
    "429": {"read": THRICE, "mark_read": THRICE, "send": THRICE},
    "429 with Retry-After 3, then success": dict.fromkeys(KINDS, (3.0,)),
    "429 with a Retry-After date, then success": dict.fromkeys(KINDS, (30.0,)),
    "429 with an invalid Retry-After, then success": dict.fromkeys(KINDS, TWICE),
    "429 with Retry-After 9999": dict.fromkeys(KINDS, ONCE),
    "503, not accepted": RETRIED_UNLESS_SENT,
    "503 with Retry-After 7, then success": {"read": (7.0,), "mark_read": (7.0,), "send": ONCE, "bulk": ONCE},
    "503 with Retry-After 9999": dict.fromkeys(KINDS, ONCE),
    "gateway trusted only by SSL_CERT_FILE": dict.fromkeys(KINDS, ONCE),
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
