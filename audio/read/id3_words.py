"""What an ID3v2 tag says of the music in words: title, tempo, key. Not the writer (audio.encode.id3), no pictures.

Sources: ID3v2.2.0, 2.3.0 (3.3, 4.2) and 2.4.0 (4, 4.2, 6.1), id3.org. Programs break all of them: sizes of 2.4 that are not
synchsafe, text without an end, tags that are cut. A frame that makes no sense ends the reading; what was read before it counts.
"""

from audio.read.clip import FileWords
from audio.read.tags import after_zeros, id3v2_bytes
from audio.read.words import said_bpm_in, said_text

MAX_FRAMES = 1_000
MAX_TEXT_BYTES = 4_096  # a longer frame is no title
MAX_TAGS = 8
_HEAD_BYTES = 10
_UNSYNCHRONISED, _EXTENDED = 0x80, 0x40  # of the tag
_COMPRESSED_OR_ENCRYPTED = {3: 0xC0, 4: 0x0C}  # of a frame
_FRAME_UNSYNCHRONISED, _FRAME_HAS_LENGTH = 0x02, 0x01  # of a frame of 2.4
_NAMES = {"TT2": "TIT2", "TBP": "TBPM", "TKE": "TKEY", "TXX": "TXXX"}  # as 2.2 calls them
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
_BPM_NAMES, _KEY_NAMES = ("bpm", "tempo"), ("initialkey", "initial key", "key")

Texts = dict[str, str]
"""By the frame's name; what TXXX holds by its description in lower case."""


def words_in_front(data: bytes, at: int) -> FileWords:
    """What the tags say that stand one after another from this byte on. [any]"""
    texts: Texts = {}
    for _ in range(MAX_TAGS):
        at = after_zeros(data, at, len(data))
        size = id3v2_bytes(data, at)
        if not size:
            break
        texts = _texts(data[at : at + size]) | texts
        at += size
    return _words(texts)


def words_of_id3(tag: bytes) -> FileWords:
    """tag: from "ID3" on, as a chunk of a WAV or AIFF file holds it. [any]"""
    return words_in_front(tag, 0)


def _words(texts: Texts) -> FileWords:
    """A tempo in TXXX is the exact one of TBPM, which is whole by the standard, when it is near it."""
    whole = said_bpm_in(texts.get("TBPM", ""))
    exact = next((bpm for name in _BPM_NAMES if (bpm := said_bpm_in(texts.get(name, "")))), None)
    bpm = exact if exact and (whole is None or abs(exact - whole) <= 1) else whole
    key = next((key for name in ("TKEY", *_KEY_NAMES) if (key := said_text(texts.get(name, "")))), None)
    title = said_text(texts.get("TIT2", ""))
    return FileWords(bpm=bpm, key=key, title=title, source="ID3" if bpm or key or title else "")


def _texts(tag: bytes) -> Texts:
    version, flags = tag[3], tag[5]
    if version not in (2, 3, 4):
        return {}
    body = tag[_HEAD_BYTES:]
    if flags & _UNSYNCHRONISED and version < 4:
        body = _synchronised(body)
    at = _extended_bytes(body, version) if flags & _EXTENDED and version > 2 else 0
    texts: Texts = {}
    for _ in range(MAX_FRAMES):
        name, size, frame_flags, at = _frame_head(body, at, version)
        if not name or at + size > len(body):
            break
        text = _text(body[at : at + size], version, frame_flags) if size <= MAX_TEXT_BYTES else None
        at += size
        if text is not None and name in ("TIT2", "TBPM", "TKEY"):
            texts.setdefault(name, text.split("\0")[0])
        elif text is not None and name == "TXXX":
            description, _, value = text.partition("\0")
            texts.setdefault(description.strip().lower(), value.lstrip("\ufeff").split("\0")[0])
    return texts


def _frame_head(body: bytes, at: int, version: int) -> tuple[str, int, int, int]:
    """(name, size, flags, where its content begins); no name where no frame begins."""
    name_bytes, head_bytes = (3, 6) if version == 2 else (4, 10)
    head = body[at : at + head_bytes]
    name = head[:name_bytes]
    if len(head) < head_bytes or not _is_name(name):
        return "", 0, 0, at
    size = int.from_bytes(head[name_bytes : 2 * name_bytes], "big")
    if version == 4:
        size = _size_of_2_4(body, at + head_bytes, head[4:8])
    flags = 0 if version == 2 else head[9]
    named = name.decode("latin-1")
    return _NAMES.get(named, named), size, flags, at + head_bytes


def _is_name(name: bytes) -> bool:
    return name.isalnum() and name.isupper()


def _size_of_2_4(body: bytes, start: int, said: bytes) -> int:
    """Synchsafe; or plain, as some programs write it, where only that leads to another frame or the end."""
    plain = int.from_bytes(said, "big")
    if max(said) >= 0x80:
        return plain
    synchsafe = _synchsafe(said)

    def leads_on(size: int) -> bool:
        following = body[start + size : start + size + 4]
        return start + size <= len(body) and (following.strip(b"\0") == b"" or _is_name(following))

    return plain if not leads_on(synchsafe) and leads_on(plain) else synchsafe


def _text(content: bytes, version: int, flags: int) -> str | None:
    """None for what is compressed, encrypted or in no encoding."""
    if flags & _COMPRESSED_OR_ENCRYPTED.get(version, 0):
        return None
    if version == 4 and flags & _FRAME_HAS_LENGTH:
        content = content[4:]
    if version == 4 and flags & _FRAME_UNSYNCHRONISED:
        content = _synchronised(content)
    if not content or content[0] >= len(_ENCODINGS):
        return None
    return content[1:].decode(_ENCODINGS[content[0]], "replace")


def _extended_bytes(body: bytes, version: int) -> int:
    """Length of the extended header: in 2.3 it does not count itself."""
    return _synchsafe(body[:4]) if version == 4 else 4 + int.from_bytes(body[:4], "big")


def _synchsafe(size: bytes) -> int:
    value = 0
    for byte in size:
        value = value << 7 | byte & 0x7F
    return value


def _synchronised(data: bytes) -> bytes:
    return data.replace(b"\xff\x00", b"\xff")
