"""Heads of WebSocket frames, as the library writes them."""

import pytest
from websockets.frames import Frame, Opcode

from relay.app.socket_protocol import frame_head


@pytest.mark.parametrize("is_text", [True, False])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_a_message_of_any_size_is_the_librarys_frame(size: int, is_text: bool) -> None:
    data = b"x" * size
    theirs = Frame(Opcode.TEXT if is_text else Opcode.BINARY, data).serialize(mask=False)
    assert frame_head(size, is_text=is_text) + data == theirs
