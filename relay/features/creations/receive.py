"""A multipart body with the audio and what is said of it, read while it streams, its limits enforced on the way.

What is said comes as one part `meta` (UploadMeta as JSON), or as plain fields of its names, as curl's `-F` and forms send
them: then genre may be given several times, or with commas.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence

import msgspec
from msgspec.structs import replace
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from relay.core.calls import RequestLost
from relay.core.refusal import Refusal
from relay.core.sizes import in_words
from relay.wire.rest import UploadMeta

MAX_META_BYTES = 64 * 1024
MAX_PARTS = 24
MAX_PART_HEADER_BYTES = 4096
OVERHEAD_BYTES = MAX_META_BYTES + MAX_PARTS * MAX_PART_HEADER_BYTES
MAX_SECONDS = 600
AUDIO, META = "audio", "meta"
REPEATED = ("genre",)
FIELDS = tuple(name for name in UploadMeta.__struct_fields__ if name not in ("bar_frames", "analysed"))
PARTS = f"An upload has the part audio, and meta (JSON) or some of {', '.join(FIELDS)}; each once, genre as often as you like."


def announced_bytes(length: str | None, max_bytes: int) -> int:
    """The most that the audio of a body can have. Refuses what says itself that it is too large. Raises Refusal: too_large."""
    if length is None or not length.isdecimal():
        return max_bytes
    if len(length) > 12 or int(length) > max_bytes + OVERHEAD_BYTES:
        raise too_large(max_bytes)
    return min(int(length), max_bytes)


class Form:
    """body: of the request. Iterating gives the bytes of the audio part; then `meta` is there, with the audio's hash.

    Raises Refusal: too_large, malformed, validation, while it is iterated.
    """

    def __init__(self, body: AsyncIterator[bytes], separator: bytes, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._body = body
        self._separator = separator
        self._hash = hashlib.sha256()
        self._texts: list[tuple[str, bytearray]] = []

    @property
    def meta(self) -> UploadMeta:
        """Raises Refusal: validation, malformed."""
        texts = [(name, bytes(text)) for name, text in self._texts]
        try:
            if (name := texts[0][0] if len(texts) == 1 else "") == META:
                found = msgspec.json.decode(texts[0][1], type=UploadMeta)
            else:
                name = "the form"
                found = msgspec.convert(_fields(texts), UploadMeta, strict=False)
        except msgspec.ValidationError as error:
            raise Refusal("validation", f"{name}: {error}", "See /api/docs for the limits.") from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise Refusal("malformed", f"{name} cannot be read: it is JSON in UTF-8.") from None
        return found if found.sha256 else replace(found, sha256=self._hash.hexdigest())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen: set[str] = set()
        name, written, received = "", 0, 0
        parser = PushMultipartParser(
            self._separator,
            max_segment_count=MAX_PARTS,
            max_header_size=MAX_PART_HEADER_BYTES,
            max_segment_size=1 << 40,
        )
        try:
            with parser:
                async for chunk in _timed(self._body):
                    received += len(chunk)
                    if received > self._max_bytes + OVERHEAD_BYTES:
                        raise too_large(self._max_bytes)
                    for piece in parser.parse(chunk):
                        if isinstance(piece, MultipartSegment):
                            name = self._begin(piece, seen)
                        elif piece and name == AUDIO:
                            written += len(piece)
                            if written > self._max_bytes:
                                raise too_large(self._max_bytes)
                            self._hash.update(piece)
                            yield bytes(piece)
                        elif piece:
                            self._add_text(piece)
        except MultipartError:
            raise Refusal("malformed", "The multipart body cannot be read.") from None
        except RequestLost:
            raise Refusal("malformed", "The request ended before its body did.") from None
        if AUDIO not in seen or (META in seen and len(seen) > 2):
            raise Refusal("malformed", PARTS)

    def _begin(self, segment: MultipartSegment, seen: set[str]) -> str:
        """A part begins; its name. Raises Refusal: malformed."""
        name = str(segment.name)
        if (name in seen and name not in REPEATED) or name not in (AUDIO, META, *FIELDS):
            raise Refusal("malformed", PARTS)
        seen.add(name)
        if name != AUDIO:
            self._texts.append((name, bytearray()))
        return name

    def _add_text(self, piece: bytes | bytearray) -> None:
        self._texts[-1][1].extend(piece)
        if sum(len(text) for _, text in self._texts) > MAX_META_BYTES:
            raise too_large(self._max_bytes)


def _fields(texts: Sequence[tuple[str, bytes]]) -> dict[str, str | list[str]]:
    """Of UploadMeta; what was left empty is not said. Raises UnicodeDecodeError."""
    fields: dict[str, str | list[str]] = {}
    genre: list[str] = []
    for name, raw in texts:
        text = raw.decode().strip()
        if name in REPEATED:
            genre += [tag for each in text.split(",") if (tag := each.strip())]
        elif text:
            fields[name] = text
    return fields | ({"genre": list(dict.fromkeys(genre))} if genre else {})


async def _timed(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Raises Refusal: malformed, when the whole takes MAX_SECONDS."""
    until_s = asyncio.get_running_loop().time() + MAX_SECONDS
    pieces = aiter(body)
    while True:
        try:
            async with asyncio.timeout_at(until_s):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Refusal("malformed", "The upload took too long.", "Try again on a faster line.") from None
        yield piece


def too_large(max_bytes: int) -> Refusal:
    return Refusal("too_large", f"An upload has at most {in_words(max_bytes)}.", "Send a shorter stretch.")
