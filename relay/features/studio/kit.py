"""The kit as files for pages: each sound and note made once, in a child process, because numpy is not of this one."""

import asyncio
from collections import OrderedDict
from hashlib import sha256
from importlib import resources

import msgspec
from msgspec import Struct

from audio.score.sounds import SOUNDS
from relay.core.refusal import Refusal
from relay.engine.sandbox.children import Children, TookTooLong

CHILD = "relay.features.studio.kit_child"
MAX_WALL_S = 20.0
MAX_KEPT_BYTES = 16 << 20
"""Of what was made, the last asked for: a page of a loop asks for some twenty."""
MAX_NOTE = 127


class Shot(Struct, frozen=True):
    """One stroke or note that a child is to make."""

    sound: str
    number: int


class KitFault(Exception):
    """A mistake of ours: every sound of the table can be made."""


def _version() -> str:
    """Changes with the code that makes the frames, so an address of a file is for ever."""
    package = resources.files("audio.score")
    parts = [package / "sounds.py", *sorted((package / "kit").iterdir(), key=lambda each: each.name)]
    code = b"".join(each.read_bytes() for each in parts if each.name.endswith(".py"))
    return sha256(code).hexdigest()[:12]


KIT_VERSION = _version()


class Kit:
    """[loop]"""

    def __init__(self) -> None:
        self._children = Children(CHILD)
        self._kept: OrderedDict[Shot, bytes] = OrderedDict()
        self._making: dict[Shot, asyncio.Task[bytes]] = {}

    def expect(self) -> None:
        """Somebody opened a page that plays."""
        self._children.expect()

    async def shot(self, sound: str, number: int) -> bytes:
        """A FLAC file, mono, of audio.score.kit's rate. Raises Refusal: not_found; KitFault."""
        if sound not in SOUNDS or not 0 <= number <= MAX_NOTE:
            raise Refusal("not_found", "There is no such sound.")
        shot = Shot(sound, number if SOUNDS[sound].is_pitched else SOUNDS[sound].note)
        kept = self._kept.get(shot)
        if kept is not None:
            self._kept.move_to_end(shot)
            return kept
        return await asyncio.shield(self._begun(shot))

    async def close(self) -> None:
        await asyncio.gather(*self._making.values(), return_exceptions=True)
        await self._children.close()

    def _begun(self, shot: Shot) -> "asyncio.Task[bytes]":
        """Whoever asks for what is being made waits for that."""
        task = self._making.get(shot)
        if task is None:
            task = self._making[shot] = asyncio.create_task(self._make(shot))
            task.add_done_callback(lambda _: self._making.pop(shot))
        return task

    async def _make(self, shot: Shot) -> bytes:
        try:
            made = await self._children.run(msgspec.json.encode(shot), MAX_WALL_S)
        except TookTooLong:
            made = b""
        if not made:
            raise KitFault(f"{shot.sound} {shot.number} was not made")
        self._kept[shot] = made
        while sum(map(len, self._kept.values())) > MAX_KEPT_BYTES:
            self._kept.popitem(last=False)
        return made
