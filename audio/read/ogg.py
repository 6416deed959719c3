"""Ogg: pages are put in order for libsndfile, which reads one complete stream of one sound.

RFC 3533. A file may be a chain of such streams, have others between (a film), lack its last page or the mark on it, or have
damaged pages, which are left out. Not a decoder.
"""

from dataclasses import dataclass, replace
from functools import partial

from audio.errors import UnsupportedAudio
from audio.read.clip import Lack, LackKind, Part, cut_short, damaged
from audio.read.decode import NotDecodable, decode, those_that_decode
from audio.read.flac import read_flac
from audio.read.ogg_pages import (
    FIRST,
    HEAD_BYTES,
    LAST,
    Page,
    is_sound,
    marked_last,
    page_at,
    taken_as_it_is,
    whole_packets,
)
from audio.read.vorbis_comment import comments
from audio.read.words import words_of_comments

_FLAC = b"\x7fFLAC"
_FLAC_HEAD_BYTES = 9  # before the "fLaC" of the stream itself
_OPUS = b"OpusHead"
_SOUNDS = (b"\x01vorbis", _OPUS, _FLAC)
_OTHERS = {
    b"Speex   ": "Speex",
    b"\x80theora": "Theora, a film",
    b"PCM     ": "plain PCM",
    b"fishead": "a film",
}
_OTHERS_WITHIN_BYTES = 4_096
_COMMENTS = (b"\x03vorbis", b"OpusTags")
_MAX_COMMENT_BYTES = 2**20  # pictures may be among them: what lies behind is not looked at
_NO_END_MARK = Lack(
    LackKind.NO_END_MARK,
    "The file does not say where it ends, so its end may be missing; all that is there was used.",
)


@dataclass
class _Link:
    """One stream of a chain: its pages of one sound. is_cut: the last page is not all there."""

    pages: list[Page]
    is_damaged: bool = False
    is_cut: bool = False

    @property
    def is_flac(self) -> bool:
        return self.pages[0].body.startswith(_FLAC)

    def take(self, page: Page) -> None:
        if page.serial == self.pages[0].serial:
            is_heard = self.pages[-1].position > 0  # some headers may be missing where a broadcast was joined
            self.is_damaged |= is_heard and page.number != self.pages[-1].number + 1
            self.pages.append(page)

    def take_broken(self, data: bytes, at: int, page: Page | None) -> None:
        """What can be used of a page that is not as it was written; None: it is not all there.

        FLAC tells by itself which of its frames are right; of other sounds only what lies before a cut is known to be.
        """
        self.is_cut = page is None and data.find(b"OggS", at + 4) < 0
        self.is_damaged |= not self.is_cut
        is_head_there = len(data) - at > HEAD_BYTES
        broken = Page(data[at:], len(data)) if page is None and self.is_cut and is_head_there else page
        if broken is None or broken.serial != self.pages[0].serial:
            return
        if self.is_flac:
            self.pages.append(broken)
        elif self.is_cut:
            is_opus = self.pages[0].body.startswith(_OPUS)
            kept = whole_packets(data, at, self.pages[-1], is_opus=is_opus)
            self.pages += [kept] if kept else []


def read_ogg(data: bytes, at: int) -> list[Part]:
    """All recordings of the chain that begins at this byte. [worker]

    Raises UnsupportedAudio, NotDecodable.
    """
    links = _links(data, at)
    if not links:
        beginning = data[at : at + _OTHERS_WITHIN_BYTES]
        if any(start in beginning for start in _SOUNDS):
            raise NotDecodable("its head is damaged, or all that there is")
        holds = next((name for start, name in _OTHERS.items() if start in beginning), "")
        raise UnsupportedAudio(
            f"This Ogg file holds {holds or 'no sound'}, and only Vorbis, Opus and FLAC can be read; export one of these."
        )
    return those_that_decode(partial(_part, link) for link in links)


def _links(data: bytes, at: int) -> list[_Link]:
    links: list[_Link] = []
    heads: list[Page] = []  # first pages in a row: what streams the next link has
    link: _Link | None = None
    is_hurt = False
    while (at := data.find(b"OggS", at)) >= 0:
        found = page_at(data, at)
        page = found if found is not None and is_sound(found) else None
        if page is None and found is not None and found.position == 0:
            page, is_hurt = taken_as_it_is(found), True  # without its headers no sound can be decoded
        if page is not None and page.flags & FIRST:
            if not heads:
                link = None
            heads.append(page)
            at = page.end
            continue
        if heads:
            sound = next((head for head in heads if head.body.startswith(_SOUNDS)), None)
            link = _Link([sound]) if sound else None
            links += [link] if link else []
            heads = []
        if link is not None and page is not None:
            link.take(page)
            link.is_damaged, is_hurt = link.is_damaged or is_hurt, False
        elif link is not None:
            link.take_broken(data, at, found)
        at = page.end if page is not None else at + 4
    return links


def _part(link: _Link) -> Part:
    pages = link.pages
    if link.is_flac:
        return _flac_part(link)
    marked = bool(pages[-1].flags & LAST)
    if not marked:
        pages = [*pages[:-1], marked_last(pages[-1])]
    decoded = decode(b"".join(page.data for page in pages))
    missing = 0 if link.is_cut else max(0, (decoded.promised_frames or 0) - len(decoded.samples))
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


def _comments(pages: list[Page]) -> dict[str, str]:
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
    elif not link.pages[-1].flags & LAST:
        lacks.append(_NO_END_MARK)
    return replace(part, lacks=tuple(lacks), length_is_exact=part.length_is_exact and not lacks)
