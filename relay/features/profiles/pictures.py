"""Turning a picture that somebody chose into ours, in a child process in the sandbox."""

import logging

import msgspec
from msgspec import Struct

from relay.core.refusal import Refusal
from relay.engine.sandbox.children import Children, TookTooLong

log = logging.getLogger("relay")

MAX_WALL_S = 20.0
CHILD = "relay.features.profiles.picture_child"
MIME = "image/jpeg"


class Made(Struct, frozen=True, kw_only=True, tag="made"):
    """of_size: the JPEG of each of AVATAR_SIZES_PX."""

    of_size: dict[int, bytes]


class Refused(Struct, frozen=True, kw_only=True, tag="refused"):
    """reason: a sentence for the person who chose the picture."""

    reason: str


_answer: msgspec.msgpack.Decoder[Made | Refused] = msgspec.msgpack.Decoder(Made | Refused)


class Pictures:
    """[loop]"""

    def __init__(self) -> None:
        self._children = Children(CHILD)

    async def make(self, data: bytes) -> dict[int, bytes]:
        """A JPEG of each of AVATAR_SIZES_PX. Raises Refusal: picture_refused."""
        try:
            answer = _answer.decode(await self._children.run(data, MAX_WALL_S))
        except TookTooLong:
            raise refused("This picture takes too long to read.") from None
        except msgspec.DecodeError:  # killed at a limit, or crashed in a codec
            log.warning("a picture of %d bytes could not be read within the sandbox", len(data))
            raise refused("This picture cannot be read within our limits.") from None
        if isinstance(answer, Refused):
            raise refused(answer.reason)
        return answer.of_size

    async def close(self) -> None:
        await self._children.close()


def refused(reason: str) -> Refusal:
    return Refusal("picture_refused", reason, "Choose a JPEG, PNG, WebP or GIF that opens elsewhere.")
