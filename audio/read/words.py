"""What the chunks of a WAV or AIFF file say of its music: ACID loops, sampler loops, iXML. Words of the file, not analysis.

Sources: the "acid" chunk as Sonic Foundry wrote it (libsndfile, wavlike.c), "smpl" of Microsoft's Multimedia Standards Update
3.0, iXML 3.01 (ixml.info) with the attributes that Steinberg's programs add.
"""

import math
import re
import struct

from audio.read.clip import FileWords

MIN_SAID_BPM, MAX_SAID_BPM = 20.0, 999.0
_ACID = "IHHfIHHf"  # flags, root note, 0x8000, 0.0, beats, meter's unit, meter's beats, tempo
_ACID_ONE_SHOT, _ACID_ROOT_NOTE = 1, 2
_SMPL = "9I"
_SMPL_LOOP = "6I"
_IXML_TEMPO = [
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rb"<(?:BPM|TEMPO|SPEED_BPM)>\s*([0-9]+(?:\.[0-9]+)?)\s*</",
        rb"<NAME>\s*(?:MusicalTempo|AudioTempo|Tempo|BPM)\s*</NAME>.{0,200}?<VALUE>\s*([0-9]+(?:\.[0-9]+)?)\s*</VALUE>",
    )
]
_BPM_NAMES, _KEY_NAMES = ("BPM", "TEMPO", "TBPM"), ("INITIALKEY", "KEY")
_NUMBER = re.compile(r"\s*\d{1,4}(?:\.\d{1,9})?\s*")
_IXML_KEY = re.compile(rb"<KEY>\s*([^<]{1,16}?)\s*</KEY>", re.IGNORECASE)


def words_of_chunks(chunks: dict[bytes, bytes], order: str) -> FileWords:
    """order: "<" or ">", of the numbers. What is absurd counts as not said. [any]"""
    loop, note = _sampler(chunks.get(b"smpl", b""), order)
    acid = _acid(chunks.get(b"acid", b""), order)
    if acid is not None:
        bpm, beats, meter, root = acid
        return FileWords(bpm, beats, meter, None, note if root is None else root, loop, "acid")
    bpm, key = _ixml(chunks.get(b"iXML", b""))
    source = "iXML" if bpm or key else "smpl" if loop or note is not None else ""
    return FileWords(bpm, None, None, key, note, loop, source)


def words_of_comments(comments: dict[str, str]) -> FileWords:
    """What the comments of a FLAC or Ogg file say. [any]"""
    bpm = next(
        (said_bpm(float(text)) for name in _BPM_NAMES if _NUMBER.fullmatch(text := comments.get(name, ""))),
        None,
    )
    key = next((comments[name][:16] for name in _KEY_NAMES if comments.get(name)), None)
    return FileWords(bpm=bpm, key=key, source="comments" if bpm or key else "")


def _acid(
    chunk: bytes, order: str
) -> tuple[float | None, int | None, tuple[int, int] | None, int | None] | None:
    """(bpm, beats, meter, root note); None when there is no such chunk or it is a sound without a tempo."""
    if len(chunk) < struct.calcsize("<" + _ACID):
        return None
    flags, root, _, _, beats, unit, count, bpm = struct.unpack_from(order + _ACID, chunk)
    root_note = root if flags & _ACID_ROOT_NOTE and root < 128 else None
    if flags & _ACID_ONE_SHOT:
        return (None, None, None, root_note) if root_note is not None else None
    meter = (count, unit) if 1 <= count <= 64 and unit in (1, 2, 4, 8, 16, 32) else None
    return said_bpm(bpm), beats if 1 <= beats <= 4096 else None, meter, root_note


def _sampler(chunk: bytes, order: str) -> tuple[tuple[int, int] | None, int | None]:
    """(the first loop, the note at which the sound plays as it is)."""
    head_bytes = struct.calcsize("<" + _SMPL)
    if len(chunk) < head_bytes:
        return None, None
    head = struct.unpack_from(order + _SMPL, chunk)
    note, loops = head[3], head[7]
    loop = None
    if loops and len(chunk) >= head_bytes + struct.calcsize("<" + _SMPL_LOOP):
        _, _, first, last, _, _ = struct.unpack_from(order + _SMPL_LOOP, chunk, head_bytes)
        loop = (first, last + 1) if first < last else None
    return loop, note if 0 < note < 128 else None


def _ixml(chunk: bytes) -> tuple[float | None, str | None]:
    found = next((match for pattern in _IXML_TEMPO if (match := pattern.search(chunk))), None)
    key = _IXML_KEY.search(chunk)
    return said_bpm(float(found[1])) if found else None, key[1].decode("utf-8", "replace") if key else None


def said_bpm(bpm: float) -> float | None:
    """A tempo that a file says, rounded to what a 32-bit float holds; None when it cannot be one. [any]"""
    return float(f"{bpm:.6g}") if math.isfinite(bpm) and MIN_SAID_BPM <= bpm <= MAX_SAID_BPM else None
