"""What a file says of its music beside its sound: ACID loops, sampler loops, iXML, INFO, comments. Its words, not analysis.

Sources: the "acid" chunk as Sonic Foundry wrote it (libsndfile, wavlike.c), "smpl" of Microsoft's Multimedia Standards Update
3.0, iXML 3.01 (ixml.info) with the attributes that Steinberg's programs add; "INFO" of Microsoft's and IBM's "Multimedia
Programming Interface and Data Specifications 1.0" with the names that programs add for tempo and key. What an ID3 tag says:
audio.read.id3_words.
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
_NUMBER = re.compile(r"\s*(\d{1,4}(?:[.,]\d{1,9})?)\s*(?:bpm)?[\s\0]*", re.IGNORECASE)
MAX_SAID_CHARS = 250
_UNSAYABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd\ufeff]+")
INFO = b"LISTINFO"
"""Under this name words_of_chunks() looks for a list of the type INFO."""
_MAX_INFO_ITEMS = 100
_INFO_TITLES, _INFO_BPMS, _INFO_KEYS = (b"INAM",), (b"IBPM", b"TBPM"), (b"TKEY",)
_IXML_KEY = re.compile(rb"<KEY>\s*([^<]{1,16}?)\s*</KEY>", re.IGNORECASE)


def words_of_chunks(chunks: dict[bytes, bytes], order: str) -> FileWords:
    """order: "<" or ">", of the numbers. What is absurd counts as not said. What a loop's own chunks say goes first. [any]"""
    loop, note = _sampler(chunks.get(b"smpl", b""), order)
    acid = _acid(chunks.get(b"acid", b""), order)
    name = said_text(_decoded(chunks.get(b"NAME", b"")))  # of AIFF
    words = FileWords()
    if acid is not None:
        bpm, beats, meter, root = acid
        words = FileWords(bpm, beats, meter, root_note=root, source="acid")
    for other in (
        FileWords(root_note=note, loop_frames=loop, source="smpl" if loop or note is not None else ""),
        _ixml(chunks.get(b"iXML", b"")),
        _info(chunks.get(INFO, b""), order),
        FileWords(title=name, source="NAME" if name else ""),
    ):
        words = words.beside(other)
    return words


def words_of_comments(comments: dict[str, str]) -> FileWords:
    """What the comments of a FLAC or Ogg file say. [any]"""
    bpm = next((bpm for name in _BPM_NAMES if (bpm := said_bpm_in(comments.get(name, "")))), None)
    key = next((key for name in _KEY_NAMES if (key := said_text(comments.get(name, "")))), None)
    title = said_text(comments.get("TITLE", ""))
    return FileWords(bpm=bpm, key=key, title=title, source="comments" if bpm or key or title else "")


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


def _ixml(chunk: bytes) -> FileWords:
    found = next((match for pattern in _IXML_TEMPO if (match := pattern.search(chunk))), None)
    bpm = said_bpm(float(found[1])) if found else None
    match = _IXML_KEY.search(chunk)
    key = said_text(_decoded(match[1])) if match else None
    return FileWords(bpm=bpm, key=key, source="iXML" if bpm or key else "")


def _info(chunk: bytes, order: str) -> FileWords:
    """chunk: from the type "INFO" on."""
    texts: dict[bytes, str] = {}
    at = 4
    for _ in range(_MAX_INFO_ITEMS):
        size = int.from_bytes(chunk[at + 4 : at + 8], "little" if order == "<" else "big")
        text = chunk[at + 8 : at + 8 + min(size, 4 * MAX_SAID_CHARS)]
        texts.setdefault(chunk[at : at + 4].upper(), _decoded(text.split(b"\0")[0]))
        at += 8 + size + size % 2
    bpm = next((bpm for name in _INFO_BPMS if (bpm := said_bpm_in(texts.get(name, "")))), None)
    key = next((key for name in _INFO_KEYS if (key := said_text(texts.get(name, "")))), None)
    title = next((title for name in _INFO_TITLES if (title := said_text(texts.get(name, "")))), None)
    return FileWords(bpm=bpm, key=key, title=title, source="INFO" if bpm or key or title else "")


def _decoded(text: bytes) -> str:
    """UTF-8, which newer programs write, else Latin-1, which the formats are older than."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def said_text(text: str) -> str | None:
    """In one line, without what cannot be shown, at most MAX_SAID_CHARS; None when nothing is left. [any]"""
    return _UNSAYABLE.sub(" ", text[: 4 * MAX_SAID_CHARS]).strip()[:MAX_SAID_CHARS].rstrip() or None


def said_bpm_in(text: str) -> float | None:
    """A tempo as people write it: "92.5", "92,5", "120 BPM". [any]"""
    match = _NUMBER.fullmatch(text)
    return said_bpm(float(match[1].replace(",", "."))) if match else None


def said_bpm(bpm: float) -> float | None:
    """A tempo that a file says, rounded to what a 32-bit float holds; None when it cannot be one. [any]"""
    return float(f"{bpm:.6g}") if math.isfinite(bpm) and MIN_SAID_BPM <= bpm <= MAX_SAID_BPM else None
