"""A writer of ID3v2.3 tags with the few frames a recording has. Not a reader, no pictures, no version 2.4.

Source: ID3 tag version 2.3.0 (id3.org), sections 3.1 to 3.3, 4.2.
"""

import math
import re

MAX_TITLE_CHARS = 250

_KEY = re.compile(r"(?P<note>[A-G])(?P<accidental>[#b]?) ?(?P<mode>m|min|minor|maj|major)?")


def id3_tag(*, title: str | None, bpm: float | None, key: str | None) -> bytes:
    """The tag to put before an MP3 stream; empty bytes when nothing is known. [any]

    title is cut to MAX_TITLE_CHARS. bpm is written twice: TBPM holds a whole number by the standard (halves go up), TXXX "bpm" the
    exact one. key as "Am", "F#", "A minor" or "C major"; another spelling is left out, for TKEY allows three letters.
    """
    frames = b""
    if title:
        frames += _text_frame("TIT2", title[:MAX_TITLE_CHARS])
    if bpm is not None and math.isfinite(bpm):
        frames += _text_frame("TBPM", str(math.floor(bpm + 0.5)))
        frames += _text_frame("TXXX", f"{bpm:.6f}".rstrip("0").rstrip("."), description="bpm")
    initial_key = _initial_key(key) if key else None
    if initial_key:
        frames += _text_frame("TKEY", initial_key)
    if not frames:
        return b""
    size = len(frames)
    synchsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + synchsafe + frames


def without_tag(data: bytes) -> bytes:
    """An MP3 stream without the ID3v2 tag before it, if there is one. Source: 3.1, the size without the header. [any]"""
    if data[:3] != b"ID3" or len(data) < 10:
        return data
    size = sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    return data[10 + size :]


def _initial_key(key: str) -> str | None:
    match = _KEY.fullmatch(key.strip())
    if match is None:
        return None
    minor = match["mode"] in ("m", "min", "minor")
    return match["note"] + match["accidental"] + ("m" if minor else "")


def _text_frame(name: str, text: str, *, description: str | None = None) -> bytes:
    """Latin-1 where that can hold the text, else UTF-16 with a byte order mark. A zero would end the text early."""
    parts = [part.replace("\0", " ") for part in ([] if description is None else [description]) + [text]]
    try:
        body = b"\x00" + b"\x00".join(part.encode("latin-1") for part in parts)
    except UnicodeEncodeError:
        body = b"\x01" + b"\x00\x00".join(b"\xff\xfe" + part.encode("utf-16-le", "replace") for part in parts)
    return name.encode("ascii") + len(body).to_bytes(4, "big") + b"\x00\x00" + body
