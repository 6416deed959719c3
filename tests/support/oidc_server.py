"""The OpenID provider of tests/support/oidc as a process."""

import contextlib
import socket
from collections.abc import Iterator

from tests.support.node import installed, running_script

CLIENT = ("sidechain-relay", "a-secret-of-the-test")


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running_provider(redirect_uri: str) -> Iterator[str]:
    """Its issuer."""
    with running_script(installed("oidc"), "provider.js", str(free_port()), redirect_uri) as ready:
        yield str(ready["issuer"])
