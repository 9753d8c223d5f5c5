"""Connections that are kept open, by the way they go: directly or through a proxy, to checked addresses or to any."""

from __future__ import annotations

import ssl
import threading
from functools import cached_property
from importlib.util import find_spec
from typing import Final

import httpcore
import httpx

from knowledge.errors import InputError, MissingDependency
from knowledge.outgoing.addresses import Lookup
from knowledge.outgoing.network import Network
from knowledge.outgoing.urls import shown

MOST: Final = 100
IDLE_S: Final = 10.0
_PROXY_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


class Connections:
    """Those to checked addresses and those to any are never mixed: a redirect must not find an open door."""

    def __init__(self, *, ca_file: str, lookup: Lookup) -> None:
        self._ca_file = ca_file
        self._lookup = lookup
        self._pools: dict[tuple[str, str | None, bool], httpcore.ConnectionPool] = {}
        self._lock = threading.RLock()

    def pool(self, scheme: str, proxy: str | None, public_only: bool) -> httpcore.ConnectionPool:
        """Raises `InputError` for a proxy or certificates that cannot be used."""
        with self._lock:
            way = (scheme, proxy, public_only)
            if way not in self._pools:
                self._pools[way] = httpcore.ConnectionPool(
                    ssl_context=self._ssl_context if scheme == "https" else None,
                    proxy=_proxy(proxy) if proxy else None,
                    max_connections=MOST,
                    keepalive_expiry=IDLE_S,
                    # The proxy is the operator's, wherever it stands.
                    network_backend=Network(public_only=public_only and not proxy, lookup=self._lookup),
                )
            return self._pools[way]

    def close(self) -> None:
        with self._lock:
            for pool in self._pools.values():
                pool.close()
            self._pools.clear()

    @cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        """Trusts SSL_CERT_FILE, SSL_CERT_DIR or the public authorities, and those in `ca_file`."""
        try:
            context = httpx.create_ssl_context()
            if self._ca_file:
                context.load_verify_locations(self._ca_file)
        except (OSError, ssl.SSLError) as error:
            where = self._ca_file or "SSL_CERT_FILE or SSL_CERT_DIR"
            raise InputError(
                f"the certificates in {where} cannot be read ({error}); give a file in PEM"
            ) from None
        return context


def _proxy(url: str) -> httpcore.Proxy:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in _PROXY_PORTS or not parsed.host:
        raise InputError(
            "the proxy of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is not a URL; write http://HOST:PORT"
        )
    if parsed.scheme.startswith("socks") and not find_spec("socksio"):
        raise MissingDependency(f"the proxy {shown(parsed)}", "pip install socksio")
    port = parsed.port or _PROXY_PORTS[parsed.scheme]
    return httpcore.Proxy(
        url=httpcore.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=port, target=b"/"),
        auth=(parsed.username, parsed.password) if parsed.userinfo else None,
    )
