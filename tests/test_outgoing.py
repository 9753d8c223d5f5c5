"""Calls to other servers: real ones on this machine, with names that a lookup of the test resolves."""

from __future__ import annotations

import gzip
import ipaddress
import logging
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from external_server import serving
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import AddressError, InputError, OutgoingError
from knowledge.outgoing import HttpClient, Limits, parse_url, shown
from knowledge.outgoing.addresses import check_public, kind_of
from knowledge.outgoing.proxies import proxy_for

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


# --- addresses ---

CLOSED = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32", "192.0.0.192/32",
    "::/128", "::1/128", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32",
)  # fmt: skip


@st.composite
def closed_addresses(draw: st.DrawFn) -> str:
    network = ipaddress.ip_network(draw(st.sampled_from(CLOSED)))
    return str(network[draw(st.integers(0, min(network.num_addresses, 2**64) - 1))])


@given(closed_addresses())
def test_what_is_not_on_the_public_internet_is_refused(address: str) -> None:
    assert kind_of(address) != "public"
    with pytest.raises(AddressError, match="allow_private_addresses"):
        check_public("host.test", ["93.184.216.34", address])


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one_is_judged_as_itself(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    disguises = (
        ipaddress.IPv6Address((0xFFFF << 32) + number),
        ipaddress.IPv6Address((0x2002 << 112) + (number << 80)),
        ipaddress.IPv6Address((0x64FF9B << 96) + number),
    )
    assert {kind_of(str(disguise)) for disguise in disguises} == {kind_of(str(address))}


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2001:4860:4860::8888"])
def test_public_addresses_are_allowed(address: str) -> None:
    check_public("host.test", [address])


# --- proxies ---


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("http://a.test", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
        ("http://a.test", {"http_proxy": "p:1"}, "http://p:1"),
        ("http://a.test", {"http_proxy": "http://low:1", "HTTP_PROXY": "http://up:1"}, "http://low:1"),
        ("https://a.test", {"HTTP_PROXY": "http://p:1"}, None),
        ("https://a.test", {"HTTPS_PROXY": "http://p:1", "ALL_PROXY": "http://all:1"}, "http://p:1"),
        ("https://a.test", {"all_proxy": "http://all:1"}, "http://all:1"),
        ("http://localhost:11434", {"ALL_PROXY": "http://all:1"}, None),
        ("http://127.0.0.1", {"ALL_PROXY": "http://all:1"}, None),
    ],
)
def test_the_proxy_of_a_url(url: str, environ: Mapping[str, str], proxy: str | None) -> None:
    parsed = parse_url(url)
    assert proxy_for(parsed.scheme, parsed.host, parsed.port or 80, environ) == proxy


@pytest.mark.parametrize(
    ("exceptions", "host", "port", "is_direct"),
    [
        ("example.org", "example.org", 80, True),
        ("example.org", "www.EXAMPLE.org", 80, True),
        (".example.org", "www.example.org", 80, True),
        ("*.example.org", "www.example.org", 80, True),
        ("example.org", "badexample.org", 80, False),
        ("a.test, example.org", "example.org", 80, True),
        ("a.test example.org", "example.org", 80, True),
        ("example.org:8080", "example.org", 8080, True),
        ("example.org:8080", "example.org", 80, False),
        ("10.0.0.0/8", "10.20.30.40", 80, True),
        ("10.0.0.0/8", "11.20.30.40", 80, False),
        ("10.0.0.0/8", "10.example.org", 80, False),
        ("192.168.1.5", "192.168.1.5", 80, True),
        ("fd00::/8", "fd12::1", 80, True),
        ("[fd12::1]:80", "fd12::1", 80, True),
        ("[fd12::1]:81", "fd12::1", 80, False),
        ("*", "example.org", 80, True),
        ("*", "10.0.0.1", 80, True),
    ],
)
def test_exceptions_from_the_proxy(exceptions: str, host: str, port: int, is_direct: bool) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        environ = {"HTTP_PROXY": "http://p:1", name: exceptions}
        assert (proxy_for("http", host, port, environ) is None) == is_direct


# --- a server that answers as it is told ---


@dataclass
class Told:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"done"


@dataclass
class Seen:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Server(ThreadingHTTPServer):
    """Answers a path with the next of what it was told for it, the last one for ever."""

    daemon_threads = True

    def __init__(self, told: Mapping[str, Sequence[Told]] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told = {path: list(answers) for path, answers in (told or {}).items()}
        self.seen: list[Seen] = []

    def next(self, path: str) -> Told:
        answers = self.told.get(path) or [Told()]
        return answers.pop(0) if len(answers) > 1 else answers[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append(Seen(self.command, self.path, headers, body))
        told = self.server.next(self.path.partition("?")[0])
        self.send_response(told.status)
        for name, value in told.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(told.body)))
        self.end_headers()
        self.wfile.write(told.body)

    def do_POST(self) -> None:
        self.do_GET()


def lookup_of(addresses: Mapping[str, str | Sequence[str]]) -> Any:
    """Resolves the names of a test, and addresses to themselves."""
    asked: list[str] = []

    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        found = addresses.get(host, host)
        try:
            each = [
                str(ipaddress.ip_address(text)) for text in ([found] if isinstance(found, str) else found)
            ]
        except ValueError:
            raise socket.gaierror(socket.EAI_NONAME, "unknown name") from None
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in each]

    lookup.asked = asked  # type: ignore[attr-defined]
    return lookup


@contextmanager
def client(**options: Any) -> Iterator[HttpClient]:
    made = HttpClient(**{"public_only": False, "backoff_s": 0.0, **options})
    try:
        yield made
    finally:
        made.close()


# --- which addresses are called ---


def test_a_url_of_a_user_does_not_lead_to_this_machine() -> None:
    with serving(Server()) as server, client(public_only=True) as http:
        for host in ("127.0.0.1", "localhost", "2130706433", "127.1", "[::ffff:127.0.0.1]"):
            with pytest.raises(AddressError):
                http.get(f"http://{host}:{server.server_port}/")
        assert server.seen == []


def test_a_setting_allows_it() -> None:
    with serving(Server()) as server, client(public_only=True, allow_private=True) as http:
        assert http.get(f"http://127.0.0.1:{server.server_port}/").body == b"done"


def test_a_name_with_one_private_address_among_public_ones_is_refused() -> None:
    lookup = lookup_of({"mixed.test": ["93.184.216.34", "10.0.0.1"]})
    with client(public_only=True, lookup=lookup) as http, pytest.raises(AddressError, match=r"10\.0\.0\.1"):
        http.get("http://mixed.test/")


def test_the_connection_goes_to_the_address_that_was_looked_up_once() -> None:
    lookup = lookup_of({"service.test": "127.0.0.1"})
    with serving(Server()) as server, client(lookup=lookup) as http:
        answer = http.get(f"http://service.test:{server.server_port}/path?q=1")
        assert answer.body == b"done"
        assert lookup.asked == ["service.test"]
        assert server.seen[0].path == "/path?q=1"
        assert server.seen[0].headers["host"] == f"service.test:{server.server_port}"


def test_the_second_address_is_tried_when_the_first_does_not_answer() -> None:
    with serving(Server()) as server:
        lookup = lookup_of({"service.test": ["127.0.0.2", "127.0.0.1"]})
        with client(lookup=lookup) as http:
            assert http.get(f"http://service.test:{server.server_port}/").status == 200


def test_a_server_of_the_operator_cannot_redirect_to_another_private_host() -> None:
    with serving(Server()) as server:
        inner = f"http://inner.test:{server.server_port}/secret"
        server.told = {"/": [Told(302, {"Location": inner})], "/secret": [Told()]}
        lookup = lookup_of({"service.test": "127.0.0.1", "inner.test": "127.0.0.1"})
        with client(lookup=lookup) as http:
            with pytest.raises(AddressError, match=r"inner\.test"):
                http.get(f"http://service.test:{server.server_port}/")
            # Neither over a connection that is open because the operator named that host.
            assert http.get(inner).status == 200
            with pytest.raises(AddressError, match=r"inner\.test"):
                http.get(f"http://service.test:{server.server_port}/")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://a.test/", "gopher://a.test:70/"])
def test_a_redirect_leads_to_http_only(location: str) -> None:
    with (
        serving(Server({"/": [Told(302, {"Location": location})]})) as server,
        client() as http,
        pytest.raises(AddressError),
    ):
        http.get(f"http://127.0.0.1:{server.server_port}/")


# --- redirects ---


@pytest.mark.parametrize(("status", "method"), [(301, "POST"), (307, "POST"), (308, "POST"), (303, "GET")])
def test_a_redirect_keeps_method_and_body_unless_it_says_see_other(status: int, method: str) -> None:
    with (
        serving(Server({"/api//retrieval": [Told(status, {"Location": "/api/retrieval"})]})) as server,
        client() as http,
    ):
        url = f"http://127.0.0.1:{server.server_port}"
        answer = http.post_json(f"{url}/api//retrieval", {"a": 1}, headers={"Authorization": "Bearer k"})
        assert answer.url == f"{url}/api/retrieval"
        last = server.seen[-1]
        assert (last.method, last.body) == (method, b'{"a": 1}' if method == "POST" else b"")
        assert last.headers["authorization"] == "Bearer k"


def test_credentials_do_not_follow_to_another_origin() -> None:
    with serving(Server()) as other, serving(Server()) as server, client(allow_private=True) as http:
        server.told = {"/": [Told(307, {"Location": f"http://127.0.0.1:{other.server_port}/"})]}
        headers = {"Authorization": "Bearer k", "X-Api-Key": "k", "Cookie": "k"}
        http.post_json(f"http://user:pw@127.0.0.1:{server.server_port}/", {}, headers=headers)
        assert not {"authorization", "x-api-key", "cookie"} & set(other.seen[0].headers)
        assert other.seen[0].body == b"{}"


def test_a_circle_of_redirects_ends() -> None:
    with serving(Server({"/": [Told(302, {"Location": "/"})]})) as server, client() as http:
        with pytest.raises(OutgoingError, match="more than 5 times"):
            http.get(f"http://127.0.0.1:{server.server_port}/")
        assert len(server.seen) == 1 + 5


# --- repetitions ---


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_call_that_may_be_repeated_is(status: int) -> None:
    waits: list[float] = []
    with (
        serving(Server({"/": [Told(status), Told(status), Told()]})) as server,
        client(wait=waits.append, backoff_s=1.0) as http,
    ):
        assert http.get(f"http://127.0.0.1:{server.server_port}/").status == 200
    # Doubled each time, half of it by chance.
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2
    assert len(waits) == 2


@pytest.mark.parametrize(("repeatable", "calls"), [(False, 1), (True, 3)])
def test_a_post_is_repeated_only_when_it_may_be(repeatable: bool, calls: int) -> None:
    with (
        serving(Server({"/": [Told(503)]})) as server,
        client(limits=Limits(retries=2)) as http,
    ):
        url = f"http://127.0.0.1:{server.server_port}/"
        assert http.post_json(url, {}, repeatable=repeatable).status == 503
        assert len(server.seen) == calls


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 501])
def test_other_answers_are_final(status: int) -> None:
    with serving(Server({"/": [Told(status), Told()]})) as server, client() as http:
        assert http.get(f"http://127.0.0.1:{server.server_port}/").status == status
        assert len(server.seen) == 1


def test_what_was_never_sent_is_always_tried_again() -> None:
    with serving(Server()) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
    waits: list[float] = []
    with (
        client(wait=waits.append, limits=Limits(retries=2)) as http,
        pytest.raises(OutgoingError, match="cannot be reached"),
    ):
        http.post_json(url, {})
    assert len(waits) == 2


@pytest.mark.parametrize(("asked", "waits"), [("7", [7.0]), ("3600", []), ("rubbish", [0.0])])
def test_a_server_says_how_long_to_wait(asked: str, waits: list[float]) -> None:
    """An hour is longer than anyone waits: then its refusal is the answer."""
    waited: list[float] = []
    with (
        serving(Server({"/": [Told(429, {"Retry-After": asked}), Told()]})) as server,
        client(wait=waited.append, limits=Limits(total_s=1e5)) as http,
    ):
        status = http.get(f"http://127.0.0.1:{server.server_port}/").status
    assert waited == waits
    assert status == (200 if waits else 429)


def test_no_wait_goes_beyond_the_whole_time() -> None:
    waited: list[float] = []
    with (
        serving(Server({"/": [Told(503, {"Retry-After": "20"})]})) as server,
        client(wait=waited.append, limits=Limits(total_s=10)) as http,
    ):
        assert http.get(f"http://127.0.0.1:{server.server_port}/").status == 503
    assert waited == []


# --- limits ---


def test_an_answer_has_a_greatest_length_also_when_it_is_compressed() -> None:
    bomb = gzip.compress(bytes(100_000))
    told = {"/plain": [Told(body=bytes(2000))], "/gzip": [Told(200, {"Content-Encoding": "gzip"}, bomb)]}
    with serving(Server(told)) as server, client(limits=Limits(answer_bytes=1000)) as http:
        for path in told:
            with pytest.raises(OutgoingError, match="response_mb"):
                http.get(f"http://127.0.0.1:{server.server_port}{path}")


def test_compressed_answers_are_read() -> None:
    told = {"/": [Told(200, {"Content-Encoding": "gzip"}, gzip.compress("年假".encode()))]}
    with serving(Server(told)) as server, client() as http:
        assert http.get(f"http://127.0.0.1:{server.server_port}/").text == "年假"


def test_the_whole_time_bounds_a_server_that_trickles() -> None:
    """One byte of a header that never ends, again and again: no single read takes long."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def trickle() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(300):
                if ended.wait(0.01):
                    break
                connection.sendall(b"x")

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        with client(limits=Limits(total_s=0.3)) as http, pytest.raises(OutgoingError, match="in time"):
            http.get(f"http://127.0.0.1:{listening.getsockname()[1]}/")
    finally:
        ended.set()
        thread.join()
        listening.close()


# --- what people see ---


def test_errors_and_logs_show_no_credentials(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(Server()) as server:
        port = server.server_port
        with client() as http:
            http.post_json(
                f"http://user:pa55word@127.0.0.1:{port}/?key=s3cret", {}, headers={"Authorization": "k3y"}
            )
        assert server.seen[0].path == "/?key=s3cret"
    with client(limits=Limits(retries=0)) as http, pytest.raises(OutgoingError) as error:
        http.get(f"http://user:pa55word@127.0.0.1:{port}/?key=s3cret")
    assert f"http://127.0.0.1:{port}/?…" in str(error.value)
    for secret in ("pa55word", "s3cret", "k3y"):
        assert secret not in str(error.value)
        assert secret not in caplog.text
    assert shown("https://u:p@a.test:8/x?k=s#f") == "https://a.test:8/x?…"


@pytest.mark.parametrize("url", ["", "a.test", "ftp://a.test", "http://", "/etc/passwd"])
def test_what_is_no_url_is_one_error(url: str) -> None:
    with client() as http, pytest.raises(InputError, match="allowed: http://"):
        http.get(url)


def test_a_name_that_nobody_knows_is_one_error() -> None:
    with (
        client(lookup=lookup_of({}), limits=Limits(retries=0)) as http,
        pytest.raises(OutgoingError, match=r"nowhere\.test.*cannot be resolved"),
    ):
        http.get("http://nowhere.test/")


# --- proxies and certificates in use ---


def test_a_call_goes_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy may stand anywhere; the name is its to resolve."""
    with serving(Server({"http://service.test/x": [Told(body=b"by proxy")]})) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:pw@127.0.0.1:{proxy.server_port}")
        with client(public_only=True, lookup=lookup_of({})) as http:
            assert http.get("http://service.test/x").body == b"by proxy"
        assert proxy.seen[0].headers["host"] == "service.test"
        assert proxy.seen[0].headers["proxy-authorization"].startswith("Basic ")
        monkeypatch.setenv("NO_PROXY", ".test")
        with client(lookup=lookup_of({}), limits=Limits(retries=0)) as http, pytest.raises(OutgoingError):
            http.get("http://service.test/x")


def test_what_resolves_here_is_checked_before_it_goes_to_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Server()) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_port}")
        with client(public_only=True, lookup=lookup_of({"inner.test": "10.0.0.1"})) as http:
            for host in ("inner.test", "10.0.0.1", "169.254.169.254"):
                with pytest.raises(AddressError):
                    http.get(f"http://{host}/")
        assert proxy.seen == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of its own authority for service.test, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("certificate")
    public, private = folder / "public.pem", folder / "private.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", private, "-out", public, "-subj", "/CN=service.test", "-days", "2"]  # type: ignore[list-item]
    subprocess.run(
        [*command, "-addext", "subjectAltName=DNS:service.test"], check=True, capture_output=True, timeout=60
    )
    return public, private


def test_own_authorities_are_trusted_when_they_are_named(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    public, private = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    lookup = lookup_of({"service.test": "127.0.0.1", "other.test": "127.0.0.1"})
    once = Limits(retries=0)
    server = Server()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server):
        url = f"https://service.test:{server.server_port}/"
        with client(lookup=lookup) as http, pytest.raises(OutgoingError, match="ca_file"):
            http.get(url)
        with client(lookup=lookup, ca_file=str(public), limits=once) as http:
            # The address is called, the certificate is checked for the name.
            assert http.get(url).body == b"done"
            with pytest.raises(OutgoingError, match="not trusted"):
                http.get(url.replace("service", "other"))
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
        with client(lookup=lookup) as http:
            assert http.get(url).status == 200


def test_certificates_that_cannot_be_read_are_one_error(tmp_path: Path) -> None:
    with client(ca_file=str(tmp_path / "none.pem")) as http, pytest.raises(InputError, match=r"none\.pem"):
        http.get("https://127.0.0.1:1/")


def test_settings_reach_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Server({"/": [Told(body=bytes(2 * 2**20))]})) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setenv("KNOWLEDGE_RESPONSE_MB", "1")
        with pytest.raises(AddressError):
            HttpClient.configured(public_only=True).get(url)
        monkeypatch.setenv("KNOWLEDGE_ALLOW_PRIVATE_ADDRESSES", "true")
        http = HttpClient.configured(public_only=True)
        with pytest.raises(OutgoingError, match="more than 1 MB"):
            http.get(url)
        http.close()
