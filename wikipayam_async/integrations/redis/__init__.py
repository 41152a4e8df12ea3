"""Idempotency keys and one-time codes in Redis, for processes on many machines. Needs the extra `redis`."""

try:
    import redis as _redis  # noqa: F401 - imported first, to name the missing extra
except ImportError as error:
    raise ImportError(
        "wikipayam_async.integrations.redis needs redis: pip install 'wikipayam_async[redis]'", name=error.name
    ) from error

from wikipayam_async.integrations.redis.idempotency import RedisIdempotencyStore
from wikipayam_async.integrations.redis.verification import RedisStore
from wikipayam_async.publish import publish

__all__ = ["RedisIdempotencyStore", "RedisStore"]

publish(__name__, __all__, globals())
