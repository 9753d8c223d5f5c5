"""How often a key may ask: a token bucket for each, which holds a minute's worth and fills steadily."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimits:
    """The buckets of all keys. A key that rests for a minute may ask a minute's worth at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(self, key_id: str, rate_per_minute: int | None) -> float:
        """0 when the request may go on, and is counted; else the seconds until one may."""
        if rate_per_minute is None:
            return 0.0
        now = self._clock()
        bucket = self._buckets.setdefault(key_id, _Bucket(rate_per_minute, now))
        refilled = bucket.tokens + (now - bucket.at) * rate_per_minute / 60
        bucket.tokens, bucket.at = min(rate_per_minute, refilled), now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) * 60 / rate_per_minute
        bucket.tokens -= 1
        return 0.0
