"""Connections with a time limit for all that happens in them, to addresses that were checked."""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore

from knowledge.outgoing.addresses import Lookup, check_public, resolve

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def deadline(at: float) -> Iterator[None]:
    """No read or write of this thread goes on after `at` (of `time.monotonic`), however slowly bytes trickle in."""
    token = _deadline.set(at)
    try:
        yield
    finally:
        _deadline.reset(token)


def _left(timeout: float | None, error: type[Exception]) -> float | None:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise error("the time is up")
    wanted = min(left, math.inf if timeout is None else timeout)
    return None if wanted == math.inf else wanted


class Network(httpcore.NetworkBackend):
    """Resolves a name and connects to what it found. With `public_only` every address found must be public.

    Raises `AddressError`.
    """

    def __init__(self, *, public_only: bool, lookup: Lookup = socket.getaddrinfo) -> None:
        self._public_only = public_only
        self._lookup = lookup
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses(host, port):
            try:
                left = _left(timeout, httpcore.ConnectTimeout)
                return _Timed(
                    self._sockets.connect_tcp(address, port, left, local_address, socket_options or ())
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    def _addresses(self, host: str, port: int) -> tuple[str, ...]:
        try:
            addresses = resolve(host, port, self._lookup)
        except OSError as error:
            raise httpcore.ConnectError(f"the name {host!r} cannot be resolved: {error}") from error
        if self._public_only:
            check_public(host, addresses)
        return addresses


class _Timed(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()
