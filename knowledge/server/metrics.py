"""What the server counts, in the text format of Prometheus."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter, defaultdict
from typing import Final

BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram of request times."""
_METHODS: Final = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())


class Metrics:
    """Counts of one server. Written and read by the event loop's thread alone."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.ready = False
        self._started_at = time.time()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._times: dict[str, list[int]] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Notes an answered request; `route` is one of the server's own, so that clients cannot add rows."""
        self._requests[method if method in _METHODS else "other", route, status] += 1
        buckets = self._times.setdefault(route, [0] * (len(BOUNDS_S) + 1))
        buckets[bisect_left(BOUNDS_S, seconds)] += 1
        self._seconds[route] += seconds

    def text(self) -> str:
        return "\n".join(
            [
                *_head("knowledge_requests_total", "counter", "Requests answered."),
                *(
                    f'knowledge_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}'
                    for (method, route, status), count in sorted(self._requests.items())
                ),
                *_head(
                    "knowledge_request_seconds", "histogram", "Time from a request's headers to its answer."
                ),
                *(line for route in sorted(self._times) for line in self._histogram(route)),
                *_head("knowledge_requests_in_flight", "gauge", "Requests being answered."),
                f"knowledge_requests_in_flight {self.in_flight}",
                *_head("knowledge_ready", "gauge", "1 when every knowledge base is warm."),
                f"knowledge_ready {int(self.ready)}",
                *_head(
                    "process_start_time_seconds", "gauge", "Start of the server, seconds since the epoch."
                ),
                f"process_start_time_seconds {self._started_at:.3f}",
                "",
            ]
        )

    def _histogram(self, route: str) -> list[str]:
        lines, total = [], 0
        for bound, count in zip((*BOUNDS_S, "+Inf"), self._times[route], strict=True):
            total += count
            lines.append(f'knowledge_request_seconds_bucket{{route="{route}",le="{bound}"}} {total}')
        return [
            *lines,
            f'knowledge_request_seconds_sum{{route="{route}"}} {self._seconds[route]:.6f}',
            f'knowledge_request_seconds_count{{route="{route}"}} {total}',
        ]


def _head(name: str, kind: str, text: str) -> list[str]:
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
