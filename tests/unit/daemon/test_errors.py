"""What the system says reaches people without its numbers and classes."""

import errno
import os
import re
import socket
import ssl

import pytest

from daemon.errors import why_of
from daemon.features.doctor.checks_relay import check_relay


def a_certificate_that_is_not_accepted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(
        1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:1006)"
    )
    error.verify_message = "self-signed certificate"
    return error


def no_tls() -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED)), "connection refused"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/a/file"), "no space left on device"),
        (TimeoutError("timed out"), "nothing came in time"),
        (a_certificate_that_is_not_accepted(), "self-signed certificate"),
        (no_tls(), "wrong version number"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "it is not text in UTF-8"),
        (ValueError(""), "it does not say why"),
    ],
)
def test_what_the_system_says_is_told_in_words(error: Exception, said: str) -> None:
    assert why_of(error) == said


def test_doctor_tells_of_a_relay_that_is_away_in_words() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found = list(check_relay(f"http://127.0.0.1:{free.getsockname()[1]}"))
    assert any("(connection refused)" in each.sentence for each in found)
    assert not any(re.search(r"Errno|\[SSL|_ssl\.c", each.sentence) for each in found)
