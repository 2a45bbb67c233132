"""Whom a workspace's address is believed to be: a server that nobody vouches for gets no request and no key."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from presetctl.domain.errors import RemoteError
from presetctl.providers.http import HttpJson


@dataclass
class Server:
    """A server with a certificate, and the paths that it was asked for."""

    url: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def encrypted(certificate: trustme.LeafCert) -> Iterator[Server]:
    """A server on this machine that shows ``certificate``."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - named so by its base
            """Says nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=True) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that turn away are the point
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Server(f"https://127.0.0.1:{server.server_port}", asked)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment trusts the authority, and names no proxy."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def ask(server: Server, *, trust_env: bool) -> int:
    http = HttpJson(server.url, {"Authorization": "Bearer secret"}, timeout=5, trust_env=trust_env)
    try:
        return http.get("/key").status
    finally:
        http.close()


@pytest.mark.usefixtures("trusting")
def test_an_authority_that_the_environment_trusts(authority: trustme.CA) -> None:
    with encrypted(authority.issue_cert("127.0.0.1")) as server:
        assert ask(server, trust_env=True) == 200


@pytest.mark.usefixtures("trusting")
def test_what_the_environment_trusts_counts_only_where_it_has_a_say(authority: trustme.CA) -> None:
    with encrypted(authority.issue_cert("127.0.0.1")) as server:
        with pytest.raises(RemoteError, match="certificate"):
            ask(server, trust_env=False)
        assert not server.asked


@pytest.mark.usefixtures("trusting")
def test_the_certificate_of_another_host(authority: trustme.CA) -> None:
    with encrypted(authority.issue_cert("example.com")) as server:
        with pytest.raises(RemoteError, match="certificate"):
            ask(server, trust_env=True)
        assert not server.asked


def test_an_authority_that_nobody_trusts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with encrypted(trustme.CA().issue_cert("127.0.0.1")) as server:
        for trust_env in (True, False):
            with pytest.raises(RemoteError, match="certificate"):
                ask(server, trust_env=trust_env)
        assert not server.asked
