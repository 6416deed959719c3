"""WAV, RF64, BW64, AIFF and AIFF-C: where the sound lies, by the bytes that are there and not by the sizes that are told.

A size is believed when it leads to another chunk or to the end. 0, all ones, more than there is, or something else than a
chunk behind it: then the sound goes on to the end of the file, as a recorder leaves it that was not stopped.
EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64), Apple's "Audio Interchange File Format" 1.3 and AIFF-C.
"""

import contextlib
import re
import struct
from dataclasses import dataclass, field, replace

from audio.errors import UnsupportedAudio
from audio.intake import Samples
from audio.read.clip import Lack, LackKind, Part, cut_short
from audio.read.decode import Decoded, NotDecodable, decode
from audio.read.formats import OGG_START, RIFF_START, name_of_coding
from audio.read.id3_words import words_of_id3
from audio.read.mpeg import begins_here, first_frame, read_mpeg
from audio.read.tags import after_tags
from audio.read.wave_coding import FRAME_BY_FRAME, READ, block_bytes, goes_on, plain_description, tag_of
from audio.read.words import words_of_chunks

_UNKNOWN_BYTES = 2**31 - 2**16  # sizes from here on are written by who does not know them
_HEAD_BYTES = 8
_MISCOUNTED_BYTES = 9  # a chunk's own head, a pad byte: counted by writers that should not
_MPEG_CODINGS = (0x0050, 0x0055)
_AIFC_IN_BLOCKS = (b"ima4", b"GSM ")
_MAX_BLOCK_FRAMES = 2**12
_JUDGED_BYTES = 2**16  # of a sound whose coding is not said
_KEPT_BYTES = 2**20  # a longer chunk that is no sound is not looked at
_SSND_HEAD_BYTES = 8
_NEEDED = re.compile(rb"fmt |data|COMM|SSND")


@dataclass
class _Form:
    """What the chunks say. sounds: (first byte, end) of each chunk of sound. told_bytes: the size that the last of these says."""

    big_endian: bool
    is_aiff: bool
    kind: bytes
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    sounds: list[tuple[int, int]] = field(default_factory=list)
    told_bytes: int = 0
    unread_bytes: int = 0
    end: int = 0

    @property
    def order(self) -> str:
        return ">" if self.big_endian else "<"


def read_riff(data: bytes, at: int) -> list[Part]:
    """The recording whose RIFF or FORM stands at this byte. [worker] Raises UnsupportedAudio, NotDecodable."""
    form = _walked(data, at)
    if not form.sounds:
        raise NotDecodable("no chunk of sound")
    if all(first >= end for first, end in form.sounds):
        raise UnsupportedAudio("The file has no audio in it.")
    description = _description(data, form)
    words = words_of_chunks(form.chunks, form.order).beside(words_of_id3(_id3_chunk(form)))
    if not form.is_aiff and len(description) >= 16 and tag_of(description, form.order) in _MPEG_CODINGS:
        return [replace(part, words=words) for part in _mpeg_parts(data, form)]
    lacks = _lacks(data, form)
    try:
        decoded = _decoded(data, at, form, description)
    except NotDecodable as error:
        raise _unknown_coding(form, description) or error from error
    samples, is_exact = _without_filling(decoded.samples, form, description)
    return [Part(samples, decoded.sample_rate_hz, form.end, lacks, is_exact and not lacks, words)]


def _description(data: bytes, form: _Form) -> bytes:
    """How the sound is coded, of WAV in the short form; empty when nothing says it."""
    if form.is_aiff:
        return form.chunks.get(b"COMM", b"")
    first, end = form.sounds[0] if form.sounds else (0, 0)
    return plain_description(
        form.chunks.get(b"fmt ", b""), form.order, data[first : min(end, first + _JUDGED_BYTES)]
    )


def _without_filling(samples: Samples, form: _Form, description: bytes) -> tuple[Samples, bool]:
    """Without what fills up the last block of ADPCM and the like, where the file says how much that is; and whether it does."""
    if form.is_aiff:
        return samples, description[18:22] not in _AIFC_IN_BLOCKS
    if len(description) < 2 or tag_of(description, form.order) in FRAME_BY_FRAME:
        return samples, True
    told = int.from_bytes(form.chunks.get(b"fact", b"")[:4], "big" if form.big_endian else "little")
    is_told = 0 < len(samples) - told < _MAX_BLOCK_FRAMES and told > 0
    return (samples[:told], True) if is_told else (samples, False)


def _id3_chunk(form: _Form) -> bytes:
    return next((form.chunks[name] for name in (b"id3 ", b"ID3 ") if name in form.chunks), b"")


def _decoded(data: bytes, at: int, form: _Form, description: bytes) -> Decoded:
    """As it is when that is as it should be, which saves a copy; else, or when another chunk is in the way, rebuilt."""
    if _is_as_it_should_be(data, at, form):
        with contextlib.suppress(NotDecodable):
            return decode(data)
    return decode(_rebuilt(data, form, description))


def _walked(data: bytes, at: int) -> _Form:
    """From chunk to chunk, up to the end of the sound's chunk and what may stand behind it."""
    head = data[at : at + 4]
    form = _Form(head in (b"FORM", b"RIFX"), head == b"FORM", data[at + 8 : at + 12])
    sound_name = b"SSND" if form.is_aiff else b"data"
    here, end = at + 12, len(data)
    while here + _HEAD_BYTES <= end:
        name, size = data[here : here + 4], _size_at(data, here, form)
        body = here + _HEAD_BYTES
        if name == sound_name:
            here = _take_sound(data, at, here, form)
            continue
        if not form.sounds and (body + size > end or not _is_chunk(data, here)):
            found = _NEEDED.search(data, here + 1)  # a size that leads nowhere
            if found is None:
                break
            here = found.start()
            continue
        if body + size > end or not _is_chunk(data, here) or _is_another(data, here):
            break
        if size <= _KEPT_BYTES:
            kept = name + data[body : body + 4] if name == b"LIST" else name  # there may be several lists
            form.chunks.setdefault(kept, data[body : body + size])
        here = _after(data, body + size, size)
    form.end = max(form.end, min(here, end))
    return form


def _take_sound(data: bytes, at: int, chunk_at: int, form: _Form) -> int:
    """Adds to form.sounds; where the next chunk may stand. at: where the whole form begins."""
    body, size = chunk_at + _HEAD_BYTES, _size_at(data, chunk_at, form)
    told_bytes = _size_at(data, at, form)
    if form.is_aiff:
        offset = _SSND_HEAD_BYTES + int.from_bytes(data[body : body + 4], "big")
        first = body + (offset if offset < len(data) - body else _SSND_HEAD_BYTES)
    else:
        first = body
    if size == 0xFFFFFFFF and len(form.chunks.get(b"ds64", b"")) >= 16:
        whole, size = struct.unpack_from("<QQ", form.chunks[b"ds64"])
        told_bytes = whole if told_bytes == 0xFFFFFFFF else told_bytes
    end = body + size
    rest = _after(data, end, size)
    behind = len(data) - rest
    known_end = (size > 0 and (behind <= 0 or _is_end(data, rest))) or (
        size == 0 and _is_chunks_to_the_end(data, rest, form)
    )
    is_agreed = (
        end <= len(data) and not known_end and size > 0 and abs(at + _HEAD_BYTES + told_bytes - rest) <= 1
    )
    if is_agreed and (form.is_aiff or not goes_on(data, first, end, _description(data, form), form.order)):
        form.unread_bytes, known_end = behind, True  # both sizes say the same: it is something else
    if end > len(data) or not known_end:
        end = rest = len(data)
    form.sounds.append((first, end))
    form.told_bytes, form.end = size, end
    return rest


def _after(data: bytes, end: int, size: int) -> int:
    """Where the next chunk stands: after the pad byte of an odd one, which some writers leave out."""
    return end + 1 if size % 2 and not (_is_chunk(data, end) and not _is_chunk(data, end + 1)) else end


def _is_chunk(data: bytes, at: int) -> bool:
    """Whether a chunk's name and a size that fits may stand here."""
    name = data[at : at + 4]
    return len(data) - at >= _HEAD_BYTES and all(32 <= byte < 127 for byte in name)


def _is_end(data: bytes, at: int) -> bool:
    """Whether the sound may end before this byte: a chunk, a tag, nothing but zeros."""
    return _is_chunk(data, at) or after_tags(data, at, len(data)) > at or begins_here(data, at, len(data))


def _is_another(data: bytes, at: int) -> bool:
    """Whether a recording of its own begins here, and no chunk of this one."""
    return bool(RIFF_START.match(data, at) or OGG_START.match(data, at))


def _is_chunks_to_the_end(data: bytes, at: int, form: _Form) -> bool:
    """Whether there are chunks and nothing else from here on: a recording of no length."""
    while at < len(data):
        if not _is_chunk(data, at):
            return False
        size = _size_at(data, at, form)
        at = _after(data, at + _HEAD_BYTES + size, size)
    return at <= len(data) + 1


def _size_at(data: bytes, at: int, form: _Form) -> int:
    size: int = struct.unpack_from(f"{form.order}I", data, at + 4)[0]
    return size


def _lacks(data: bytes, form: _Form) -> tuple[Lack, ...]:
    says = f"The file holds its sound in {len(form.sounds)} chunks; they were read as one."
    split = (Lack(LackKind.JOINED, says),) if len(form.sounds) > 1 else ()
    if form.unread_bytes:
        says = f"{form.unread_bytes} bytes behind the sound are of no known kind; they were left out."
        return (*split, Lack(LackKind.UNREAD, says))
    body = form.sounds[-1][0] - (_SSND_HEAD_BYTES if form.is_aiff else 0)
    missing = body + form.told_bytes - len(data)
    whole_file = form.told_bytes in (
        len(data),
        len(data) - _HEAD_BYTES,
    )  # the file's size, written as the sound's
    if missing <= _MISCOUNTED_BYTES or whole_file or form.told_bytes >= _UNKNOWN_BYTES:
        return split
    return (*split, cut_short())


def _is_as_it_should_be(data: bytes, at: int, form: _Form) -> bool:
    """Whether libsndfile may read the file as it is: nothing in front, and a size of the sound that is true."""
    body = form.sounds[-1][0] - (_SSND_HEAD_BYTES if form.is_aiff else 0)
    return (
        at == 0
        and data[:4] in (b"RIFF", b"FORM")
        and len(form.sounds) == 1
        and body + form.told_bytes == form.sounds[0][1]
        and not form.unread_bytes
    )


def _rebuilt(data: bytes, form: _Form, description: bytes) -> bytes:
    """A file of the same sound in which all sizes are true, and nothing else is said."""
    sound = b"".join(_whole_blocks(data[slice(*each)], form, description) for each in form.sounds)

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack(f"{form.order}I", len(body)) + body + bytes(len(body) % 2)

    if form.is_aiff:
        channels, _, bits = struct.unpack_from(">hIh", description.ljust(8, b"\0"))
        frames = len(sound) // max(1, channels * ((bits + 7) // 8))
        common = description[:2] + struct.pack(">I", frames) + description[6:]
        version = chunk(b"FVER", b"\xa2\x80\x51\x40") if form.kind == b"AIFC" else b""
        chunks = version + chunk(b"COMM", common) + chunk(b"SSND", bytes(_SSND_HEAD_BYTES) + sound)
        return b"FORM" + struct.pack(">I", 4 + len(chunks)) + form.kind + chunks
    fact = chunk(b"fact", form.chunks[b"fact"]) if b"fact" in form.chunks else b""
    chunks = chunk(b"fmt ", description) + fact + chunk(b"data", sound)
    head = b"RIFX" if form.big_endian else b"RIFF"
    return head + struct.pack(f"{form.order}I", min(4 + len(chunks), 0xFFFFFFFF)) + b"WAVE" + chunks


def _whole_blocks(sound: bytes, form: _Form, description: bytes) -> bytes:
    """Without a last block that is not all there: a decoder fills it with what it had before."""
    if form.is_aiff or tag_of(description, form.order) in FRAME_BY_FRAME:
        return sound
    return sound[: len(sound) - len(sound) % block_bytes(description, form.order)]


def _mpeg_parts(data: bytes, form: _Form) -> list[Part]:
    """MP3 in a WAV file."""
    start, end = form.sounds[0][0], form.sounds[-1][1]
    first = first_frame(data, start, end)
    if first is None:
        raise NotDecodable("no MPEG frame in the data chunk")
    return read_mpeg(data, first, end)


def _unknown_coding(form: _Form, description: bytes) -> UnsupportedAudio | None:
    """What to say of a coding that libsndfile does not know; None when it is one that it should."""
    if form.is_aiff:
        coding = description[18:22].decode("latin-1").strip()
        if form.kind != b"AIFC" or not coding:
            return None
        return UnsupportedAudio(
            f"The AIFF file is coded as “{coding}”, which is not read; save it as plain PCM and try again."
        )
    if len(description) < 2:
        return UnsupportedAudio("The WAV file does not say how its sound is coded; export it again.")
    coding_tag = tag_of(description, form.order)
    if coding_tag in READ:
        return None
    return UnsupportedAudio(
        f"The WAV file holds {name_of_coding(coding_tag)}, which is not read; save it as plain PCM and try again."
    )
