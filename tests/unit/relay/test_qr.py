"""QR codes, read back by a reader that we did not write."""

import re

import numpy as np
import pytest
import zxingcpp

from relay.features.passwords.qr import QUIET_MODULES, QrCode, qr_code
from relay.features.passwords.totp import app_link

MODULE_PX = 4
LINKS = (
    app_link(bytes(range(20)), "mira.k", "relay.example"),
    app_link(b"\xff" * 20, "x" * 30, f"{'long-name.' * 24}example"),
    app_link(b"\0" * 20, "tobi", "127.0.0.1"),
)


def drawn(code: QrCode) -> np.ndarray:
    """What a browser would fill, in grey levels."""
    picture = np.full((code.side, code.side), 255, np.uint8)
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1H(\d+)z", code.path)
    assert "".join("M{} {}h{}v1H{}z".format(*each) for each in runs) == code.path
    for x, y, length, back in (map(int, each) for each in runs):
        assert back == x
        picture[y, x : x + length] = 0
    return picture


@pytest.mark.parametrize("link", LINKS)
def test_a_code_is_read_as_the_link_it_was_made_of(link: str) -> None:
    picture = drawn(qr_code(link))
    quiet = picture.copy()
    quiet[QUIET_MODULES:-QUIET_MODULES, QUIET_MODULES:-QUIET_MODULES] = 255
    assert quiet.min() == 255, "nothing dark in the quiet zone"
    (read,) = zxingcpp.read_barcodes(picture.repeat(MODULE_PX, 0).repeat(MODULE_PX, 1))
    assert read.text == link and read.format == zxingcpp.BarcodeFormat.QRCode
