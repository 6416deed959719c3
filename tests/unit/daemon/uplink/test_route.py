"""The way to the relay: one proxy policy for HTTP and WebSocket, this machine never by one, and what is amiss in words."""

import asyncio
import datetime
import ssl
import urllib.request
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from daemon.errors import Offline
from daemon.uplink.http import RelayHttp
from daemon.uplink.route import Route, chosen, trusted
from daemon.uplink.socket import SocketEnded, open_socket

PROXY = "http://proxy.example:3128"


def way(url: str, **proxies: str) -> str | None:
    bypassed = partial(urllib.request.proxy_bypass_environment, proxies=proxies)  # type: ignore[attr-defined]
    return chosen(url, proxies, bypassed).proxy


@pytest.mark.parametrize(
    ("url", "proxies", "proxy"),
    [
        ("https://relay.example", {}, None),
        ("https://relay.example", {"https": PROXY}, PROXY),
        ("https://relay.example", {"https": "proxy.example:3128"}, PROXY),
        ("https://relay.example", {"http": PROXY}, None),
        ("https://relay.example", {"all": PROXY}, PROXY),
        ("https://relay.example", {"all": "socks5://x:1", "https": PROXY}, PROXY),
        ("https://relay.example", {"all": "socks5://x:1", "no": "relay.example"}, None),
        ("https://relay.example:8443", {"https": PROXY, "no": "example"}, None),
        ("http://127.0.0.1:8700", {"http": PROXY}, None),
        ("http://localhost:8700", {"http": PROXY, "all": PROXY}, None),
        ("https://[::1]:8700", {"https": PROXY}, None),
    ],
)
def test_the_way(url: str, proxies: dict[str, str], proxy: str | None) -> None:
    assert way(url, **proxies) == proxy


def test_a_proxy_is_shown_without_its_password() -> None:
    assert Route(proxy="http://ana:hunter2@proxy.example:3128").shown == "proxy.example:3128"


async def test_what_cannot_be_followed_is_a_relay_that_is_away_for_http_and_for_the_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    http = RelayHttp("https://relay.example")
    with pytest.raises(Offline, match=r"socks5 proxy.*NO_PROXY=relay\.example"):
        await http.exchange("GET", "/x", {}, b"")
    await http.close()
    with pytest.raises(SocketEnded, match="socks5 proxy"):
        async with open_socket("https://relay.example", "token"):
            raise AssertionError("it opened")


def test_certificates_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(Offline, match=r"SSL_CERT_FILE names .*gone\.pem"):
        trusted(env={"SSL_CERT_FILE": str(tmp_path / "gone.pem")})
    (tmp_path / "no.pem").write_text("no certificate")
    with pytest.raises(Offline, match=r"no\.pem"):
        trusted(env={"SSL_CERT_FILE": str(tmp_path / "no.pem")})
    assert trusted(env={}).get_ca_certs()


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's end with a certificate that nobody has vouched for, as a proxy that looks into everything has."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *form)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


async def test_a_certificate_that_is_not_accepted_is_told_as_that(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0, ssl=self_signed(tmp_path))
    port = server.sockets[0].getsockname()[1]
    relay = RelayHttp(f"https://localhost:{port}")
    try:
        with pytest.raises(
            Offline, match=r"its certificate is not accepted \(self-signed certificate\)"
        ) as away:
            await relay.exchange("GET", "/health", {}, b"")
        assert "clock" in away.value.next_step and "Check the network" not in away.value.next_step
    finally:
        await relay.close()
        server.close()
