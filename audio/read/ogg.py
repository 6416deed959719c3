"""Ogg: pages are put in order for libsndfile, which reads one complete stream of one sound.

RFC 3533. A file may be a chain of such streams, have others between (a film), lack its last page or the mark on it, or have
damaged pages, which are left out. Not a decoder.
"""

import struct
import zlib
from dataclasses import dataclass, replace

from audio.errors import UnsupportedAudio
from audio.read.clip import Lack, LackKind, Part, cut_short, damaged
from audio.read.decode import decode
from audio.read.flac import read_flac
from audio.read.vorbis_comment import comments
from audio.read.words import words_of_comments

_HEAD_BYTES = 27
_FIRST, _LAST = 2, 4  # of a logical stream
_CRC_AT = 22
_FLAC = b"\x7fFLAC"
_FLAC_HEAD_BYTES = 9  # before the "fLaC" of the stream itself
_SOUNDS = (b"\x01vorbis", b"OpusHead", _FLAC)
_OTHERS = {
    b"Speex   ": "Speex",
    b"\x80theora": "Theora, a film",
    b"PCM     ": "plain PCM",
    b"fishead": "a film",
}
_OTHERS_WITHIN_BYTES = 4_096
_COMMENTS = (b"\x03vorbis", b"OpusTags")
_MAX_COMMENT_BYTES = 2**20  # pictures may be among them: what lies behind is not looked at
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_NO_END_MARK = Lack(
    LackKind.NO_END_MARK,
    "The file does not say where it ends, so its end may be missing; all that is there was used.",
)


@dataclass(frozen=True)
class _Page:
    data: bytes
    end: int

    @property
    def flags(self) -> int:
        return self.data[5]

    @property
    def position(self) -> int:
        """Frames up to the end of the page, in the codec's own count; -1: no packet ends here."""
        return int.from_bytes(self.data[6:14], "little", signed=True)

    @property
    def serial(self) -> bytes:
        return self.data[14:18]

    @property
    def number(self) -> int:
        return int.from_bytes(self.data[18:22], "little")

    @property
    def body(self) -> bytes:
        return self.data[_HEAD_BYTES + self.data[26] :]


@dataclass
class _Link:
    """One stream of a chain: its pages of one sound. is_cut: the last page is not all there."""

    pages: list[_Page]
    is_damaged: bool = False
    is_cut: bool = False


def read_ogg(data: bytes, at: int) -> list[Part]:
    """All recordings of the chain that begins at this byte. [worker]

    Raises UnsupportedAudio, NotDecodable.
    """
    links = _links(data, at)
    if not links:
        holds = next(
            (name for start, name in _OTHERS.items() if start in data[at : at + _OTHERS_WITHIN_BYTES]), ""
        )
        raise UnsupportedAudio(
            f"This Ogg file holds {holds or 'no sound'}, and only Vorbis, Opus and FLAC can be read; export one of these."
        )
    return [_part(link) for link in links]


def _links(data: bytes, at: int) -> list[_Link]:
    links: list[_Link] = []
    heads: list[_Page] = []  # first pages in a row: what streams the next link has
    link: _Link | None = None
    while (at := data.find(b"OggS", at)) >= 0:
        page = _page_at(data, at)
        if page is None or not _is_sound(page):
            if link is not None:
                link.is_cut = page is None and data.find(b"OggS", at + 4) < 0
                link.is_damaged = link.is_damaged or not link.is_cut
            at += 4
            continue
        at = page.end
        if page.flags & _FIRST:
            if not heads:
                link = None
            heads.append(page)
            continue
        if heads:
            sound = next((head for head in heads if head.body.startswith(_SOUNDS)), None)
            link = _Link([sound]) if sound else None
            links += [link] if link else []
            heads = []
        if link is not None and page.serial == link.pages[0].serial:
            heard = (
                link.pages[-1].position > 0
            )  # of headers, some may be missing where a broadcast was joined
            link.is_damaged |= heard and page.number != link.pages[-1].number + 1
            link.pages.append(page)
    return links


def _page_at(data: bytes, at: int) -> _Page | None:
    """The page that begins here, or None when it is not all there."""
    head = data[at : at + _HEAD_BYTES]
    if len(head) < _HEAD_BYTES:
        return None
    lacing = data[at + _HEAD_BYTES : at + _HEAD_BYTES + head[26]]
    end = at + _HEAD_BYTES + head[26] + sum(lacing)
    return _Page(data[at:end], end) if len(lacing) == head[26] and end <= len(data) else None


def _is_sound(page: _Page) -> bool:
    """Whether it is as it was written."""
    return _crc(page.data) == int.from_bytes(page.data[_CRC_AT : _CRC_AT + 4], "little")


def _crc(page: bytes) -> int:
    """Ogg's CRC-32 goes through the bits of each byte the other way than zlib's, and inverts nothing."""
    blank = page[:_CRC_AT] + bytes(4) + page[_CRC_AT + 4 :]
    mirrored = zlib.crc32(blank.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def _marked_last(page: _Page) -> _Page:
    data = bytearray(page.data)
    data[5] |= _LAST
    struct.pack_into("<I", data, _CRC_AT, _crc(bytes(data)))
    return replace(page, data=bytes(data))


def _part(link: _Link) -> Part:
    pages = link.pages
    if pages[0].body.startswith(_FLAC):
        return _flac_part(link)
    marked = bool(pages[-1].flags & _LAST)
    if not marked:
        pages = [*pages[:-1], _marked_last(pages[-1])]
    decoded = decode(b"".join(page.data for page in pages))
    missing = max(0, (decoded.promised_frames or 0) - len(decoded.samples))
    lacks: list[Lack] = []
    if link.is_damaged or decoded.failed:
        much = f" of {missing / decoded.sample_rate_hz:.2f} s" if missing else ""
        lacks.append(damaged(f"a part{much} cannot be read"))
    if link.is_cut:
        lacks.append(cut_short())
    elif not marked:
        lacks.append(_NO_END_MARK)
    words = words_of_comments(_comments(link.pages[1:]))
    return Part(decoded.samples, decoded.sample_rate_hz, pages[-1].end, tuple(lacks), not lacks, words)


def _comments(pages: list[_Page]) -> dict[str, str]:
    """What the second packet says; it begins the second page, and goes on over as many as it needs (RFC 7845, section 3)."""
    body = b""
    for page in pages:
        body += page.body
        if len(body) >= _MAX_COMMENT_BYTES or page.position > 0:
            break
    head = next((head for head in _COMMENTS if body.startswith(head)), None)
    return comments(body[len(head) : _MAX_COMMENT_BYTES]) if head else {}


def _flac_part(link: _Link) -> Part:
    """FLAC in Ogg is FLAC in pages (RFC 9639, section 10.1): its own reader tells what is missing, but for the end."""
    flac = b"".join(page.body for page in link.pages)[_FLAC_HEAD_BYTES:]
    part = replace(read_flac(flac, 0)[0], end=link.pages[-1].end)
    told = {lack.kind for lack in part.lacks}
    if LackKind.CUT_SHORT in told:
        return part
    lacks = list(part.lacks)
    if link.is_damaged and LackKind.DAMAGED not in told:
        lacks.append(damaged("a part cannot be read"))
    if link.is_cut:
        lacks.append(cut_short())
    elif not link.pages[-1].flags & _LAST:
        lacks.append(_NO_END_MARK)
    return replace(part, lacks=tuple(lacks), length_is_exact=part.length_is_exact and not lacks)
