"""How this machine reaches the relay: which proxy, if any, and which certificates. One answer for HTTP and WebSocket.

The environment (or the system's settings) says it, as for other programs: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY,
NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR. What cannot be followed is told, and the relay counts as away: to go around a
proxy that somebody set would show the network what they meant to keep from it. A relay on this machine is reached
directly, whatever is set.
"""

import ipaddress
import os
import ssl
import urllib.request
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from daemon.errors import Offline

SPOKEN = ("http", "https")


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """proxy: an address of one, None: directly."""

    proxy: str | None = None

    @property
    def shown(self) -> str:
        """Host and port of the proxy; the rest of its address may be a password."""
        parts = urlsplit(self.proxy or "")
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def route_to(url: str) -> Route:
    """The way to `url` as the environment, or the system, says now. Raises Offline. [any]"""
    return chosen(url, urllib.request.getproxies(), bypassed=urllib.request.proxy_bypass)


def chosen(url: str, proxies: Mapping[str, str], bypassed: Callable[[str], object]) -> Route:
    """The same, of given settings. proxies: by scheme, "all" for any. Raises Offline. [any]"""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_loopback(host) or bypassed(parts.netloc.rpartition("@")[2]):
        return Route()
    named = proxies.get(parts.scheme) or proxies.get("all")
    if not named:
        return Route()
    proxy = named if "://" in named else f"http://{named}"
    scheme = urlsplit(proxy).scheme
    if scheme not in SPOKEN:
        raise Offline(
            f"The proxy that is set for {host} is a {scheme} proxy, which Sidechain does not speak.",
            f"Set an http proxy, or NO_PROXY={host} to go directly; then restart the daemon.",
            obstacle="route",
        )
    return Route(proxy=proxy)


def trusted(certificate: str = "", env: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """What proves a relay: `certificate` alone, a file, where one is set; else those that SSL_CERT_FILE and SSL_CERT_DIR name,
    else Mozilla's. Raises Offline."""
    file, folder = env.get("SSL_CERT_FILE"), env.get("SSL_CERT_DIR")
    named = (
        f"relay_certificate names ({certificate})"
        if certificate
        else f"SSL_CERT_FILE names ({file or folder})"
    )
    import certifi  # with importlib.resources, zipfile and csv: not before a relay is asked

    try:
        if certificate:
            return ssl.create_default_context(cafile=certificate)
        if file or folder:
            return ssl.create_default_context(cafile=file, capath=folder)
        return ssl.create_default_context(cafile=certifi.where())
    except OSError as error:  # of which ssl.SSLError is one
        raise Offline(
            f"The certificates that {named} cannot be read: {error.strerror}.",
            "Mend or unset it; then restart the daemon.",
            obstacle="route",
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
