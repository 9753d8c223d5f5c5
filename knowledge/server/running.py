"""Running the server: in the foreground until it is stopped, or in a thread of this process."""

from __future__ import annotations

import ipaddress
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from knowledge.errors import InputError
from knowledge.registry import is_installed, missing
from knowledge.workspace import Workspace

if TYPE_CHECKING:
    import uvicorn

    from knowledge.server.application import Service
    from knowledge.server.asking import Retrieve

_log: Final = logging.getLogger(__name__)
KEEP_ALIVE_S: Final = 65
"""Longer than the minute for which proxies keep idle connections: the one who opened them closes them first."""


def serve(
    workspace: Workspace | str | os.PathLike[str] | None = None,
    *,
    retrieve: Retrieve | None = None,
    keys: Iterable[str] = (),
    host: str = "127.0.0.1",
    port: int = 8000,
    no_auth: bool = False,
    root_path: str = "",
    trusted_proxies: str = "",
    log_queries: bool = False,
    started: Callable[[str], None] | None = None,
) -> None:
    """Serves the knowledge bases of a workspace over HTTP until the process is told to stop (SIGINT, SIGTERM).

    With `retrieve(knowledge_id, query, top_k, score_threshold, where)` it serves what that function finds, without a
    workspace, to whoever has one of `keys`. `no_auth` asks for no keys, on loopback hosts only. X-Forwarded-* headers
    are believed from `trusted_proxies`, addresses joined with commas. `started` is called with the URL.

    Raises `InputError` for values that are not allowed or a port that is taken, `WorkspaceLocked`, and
    `MissingDependency` without the extra `server`.
    """
    _check_installed()
    _check_no_auth(no_auth, host)
    with _listen(host, port) as listening, ExitStack() as stack:
        service = stack.enter_context(
            serving(
                workspace,
                retrieve=retrieve,
                keys=keys,
                no_auth=no_auth,
                root_path=root_path,
                log_queries=log_queries,
            )
        )
        url = _url(listening, service)
        _log.info("listening", extra={"fields": {"url": url}})
        if started:
            started(url)
        _server(service, trusted_proxies).run(sockets=[listening])


@contextmanager
def in_thread(
    service: Service, *, host: str = "127.0.0.1", port: int = 0, trusted_proxies: str = ""
) -> Iterator[str]:
    """A server in a thread of this process, which answers already; gives its URL. Ends with the block."""
    with _listen(host, port) as listening:
        server = _server(service, trusted_proxies)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield _url(listening, service)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def serving(
    workspace: Workspace | str | os.PathLike[str] | None = None,
    *,
    retrieve: Retrieve | None = None,
    keys: Iterable[str] = (),
    no_auth: bool = False,
    root_path: str = "",
    log_queries: bool = False,
) -> Iterator[Service]:
    """What a server serves: a function's findings, or a workspace, held for as long as the block lasts."""
    from knowledge.server.application import Service
    from knowledge.server.asking import finder_of
    from knowledge.server.bases import WorkspaceBases
    from knowledge.server.keyring import GivenKeys, StoredKeys
    from knowledge.server.limits import Allowance
    from knowledge.server.paths import checked_prefix

    service = partial(
        Service,
        allowance=Allowance.configured(),
        root_path=checked_prefix(root_path),
        log_queries=log_queries,
    )
    if retrieve is not None:
        given = None if no_auth else GivenKeys(keys)
        yield service(find=finder_of(retrieve), warm=lambda: None, keyring=given)
        return
    with ExitStack() as stack:
        opened = workspace if isinstance(workspace, Workspace) else stack.enter_context(Workspace(workspace))
        bases = WorkspaceBases(opened)
        stored = None if no_auth else StoredKeys(opened.store)
        if stored is not None:
            stack.callback(stored.close)
            _tell_how_to_make_a_key(len(stored), opened)
        yield service(find=bases.find, warm=bases.warm, keyring=stored)


def _check_installed() -> None:
    if not is_installed("server"):
        raise missing("server", "the HTTP server")


def _check_no_auth(no_auth: bool, host: str) -> None:
    if no_auth and not _is_loopback(host):
        raise InputError(
            f"without keys the server may not listen on {host!r}; allowed: 127.0.0.1, ::1, localhost. For others "
            "make a key: knowledge keys create NAME"
        )


def _is_loopback(host: str) -> bool:
    """Whether everything that this name stands for is only reached from this machine."""
    try:
        places = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return all(ipaddress.ip_address(place[4][0]).is_loopback for place in places)


def _tell_how_to_make_a_key(count: int, workspace: Workspace) -> None:
    if count == 0:
        _log.warning(
            "there are no API keys yet, so every request is refused; make one: knowledge keys create NAME "
            f"--workspace {workspace.folder}"
        )


def _server(service: Service, trusted_proxies: str) -> uvicorn.Server:
    import uvicorn

    from knowledge.server.application import application
    from knowledge.server.connections import protocol

    class Stopping(uvicorn.Server):
        def handle_exit(self, sig: int, frame: object) -> None:
            """Ends without raising the signal again, as uvicorn would: the workspace has yet to be closed."""
            self.force_exit = self.should_exit
            self.should_exit = True

    allowance = service.allowance
    config = uvicorn.Config(
        application(service),
        http=protocol(allowance.receive_timeout_s, allowance.connections),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(allowance.request_timeout_s) + 1,
    )
    return Stopping(config)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"cannot listen on {host}:{port} ({reason}); choose another --host or --port"
        ) from None


def _url(listening: socket.socket, service: Service) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{service.root_path}"
