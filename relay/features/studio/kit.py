"""The kit as files for pages: each sound and note made once, in a child process, because numpy is not of this one."""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine
from hashlib import sha256
from importlib import resources

import msgspec
from msgspec import Struct

from audio.score.sounds import CUSTOM, SOUNDS
from relay.core.refusal import Refusal
from relay.engine.objects.door import ObjectMissing, Objects
from relay.engine.sandbox.children import Children, TookTooLong
from relay.features.instruments import api as instruments
from relay.features.instruments.api import CustomInstrument

CHILD = "relay.features.studio.kit_child"
MAX_WALL_S = 20.0
MAX_KEPT_BYTES = 16 << 20
"""Of what was made, the last asked for: a page of a loop asks for some twenty."""
MAX_NOTE = 127


class Shot(Struct, frozen=True, tag=True):
    """One stroke or note that a child is to make."""

    sound: str
    number: int


class Recording(Struct, frozen=True, tag=True):
    """The lossless sound of a custom instrument, of which a child is to make one note."""

    data: bytes
    is_pitched: bool
    number: int


class KitFault(Exception):
    """A mistake of ours: every sound of the table can be made."""


def _version() -> str:
    """Changes with the code that makes the frames, so an address of a file is for ever."""
    package = resources.files("audio.score")
    parts = [
        package / "sounds.py",
        package / "custom.py",
        *sorted((package / "kit").iterdir(), key=lambda each: each.name),
    ]
    code = b"".join(each.read_bytes() for each in parts if each.name.endswith(".py"))
    return sha256(code).hexdigest()[:12]


KIT_VERSION = _version()


class Kit:
    """[loop]"""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
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
        kept = self._of_kept(shot)
        if kept is not None:
            return kept
        return await asyncio.shield(self._begun(shot, self._make(shot, shot)))

    async def custom(self, sound: CustomInstrument, number: int) -> bytes:
        """As shot, of a custom instrument. Raises Refusal: gone; KitFault."""
        if sound.sha256 is None or not 0 <= number <= MAX_NOTE:
            raise Refusal("gone", f"The sample of {sound.title} was deleted.", "It is silent.")
        shot = Shot(instruments.version_of(sound) + sound.sha256, number if sound.is_pitched else CUSTOM.note)
        kept = self._of_kept(shot)
        return (
            await asyncio.shield(self._begun(shot, self._make_custom(shot, sound))) if kept is None else kept
        )

    async def close(self) -> None:
        await asyncio.gather(*self._making.values(), return_exceptions=True)
        await self._children.close()

    def _of_kept(self, shot: Shot) -> bytes | None:
        kept = self._kept.get(shot)
        if kept is not None:
            self._kept.move_to_end(shot)
        return kept

    def _begun(self, shot: Shot, making: Coroutine[None, None, bytes]) -> "asyncio.Task[bytes]":
        """Whoever asks for what is being made waits for that."""
        task = self._making.get(shot)
        if task is not None:
            making.close()
        else:
            task = self._making[shot] = asyncio.create_task(making)
            task.add_done_callback(lambda _: self._making.pop(shot))
        return task

    async def _make_custom(self, shot: Shot, sound: CustomInstrument) -> bytes:
        assert sound.sha256 is not None, "the caller looked"
        try:
            pieces = await self._objects.read(sound.sha256)
        except ObjectMissing:
            raise Refusal("gone", f"The sample of {sound.title} was deleted.", "It is silent.") from None
        data = b"".join([piece async for piece in pieces])
        return await self._make(shot, Recording(data, sound.is_pitched, shot.number))

    async def _make(self, shot: Shot, job: Shot | Recording) -> bytes:
        try:
            made = await self._children.run(msgspec.json.encode(job), MAX_WALL_S)
        except TookTooLong:
            made = b""
        if not made:
            raise KitFault(f"{shot.sound} {shot.number} was not made")
        self._kept[shot] = made
        while sum(map(len, self._kept.values())) > MAX_KEPT_BYTES:
            self._kept.popitem(last=False)
        return made
