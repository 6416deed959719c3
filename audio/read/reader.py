"""`read_audio`: any audio file, whatever is in front of it, behind it or wrong with it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from audio.errors import UnsupportedAudio
from audio.intake import Samples
from audio.rate import convert
from audio.read.clip import MAX_CLIP_SECONDS, Clip, Lack, LackKind, Part, cut_short
from audio.read.decode import NotDecodable, decode
from audio.read.flac import read_flac
from audio.read.formats import (
    FLAC_START,
    OGG_START,
    READ,
    RIFF_START,
    VOC_START,
    is_taken_as_it_is,
    is_text,
    name_of,
    name_of_caf,
)
from audio.read.id3_words import words_in_front
from audio.read.mpeg import begins_here, first_frame, read_mpeg
from audio.read.ogg import read_ogg
from audio.read.riff import read_riff
from audio.read.sized import frames_of_packets, with_true_size
from audio.read.tags import after_tags
from audio.read.voc import read_voc

MAX_PARTS = 1000  # of a chain; read_flac and its like may give more at once
MAX_FRONT_BYTES = 16 * 2**20  # what may stand before the sound: pictures in tags, mostly

_Reader = Callable[[bytes, int], list[Part]]
_STARTS: tuple[tuple[re.Pattern[bytes], _Reader], ...] = (
    (RIFF_START, read_riff),
    (FLAC_START, read_flac),
    (OGG_START, read_ogg),
    (VOC_START, read_voc),
)


def read_audio(data: bytes) -> Clip:
    """Decode a whole audio file: WAV, FLAC, AIFF, Ogg, MP3, VOC and what else libsndfile knows. [worker]

    Raises UnsupportedAudio, with a sentence for the user, for bytes that are no audio, an empty file, more than two
    channels, a rate outside the limits or more than MAX_CLIP_SECONDS.
    """
    if not data:
        raise UnsupportedAudio("The file is empty.")
    try:
        clip = _joined(_parts(data))
        return replace(clip, words=clip.words.beside(words_in_front(data, 0)))
    except NotDecodable as error:
        raise UnsupportedAudio(_refusal(data)) from error


def _parts(data: bytes) -> list[Part]:
    parts: list[Part] = []
    at = 0
    while (found := _found(data, at, first=not parts)) is not None:
        read, at = found
        if len(parts) >= MAX_PARTS:
            says = f"Only the first {len(parts)} recordings in the file were read; there are more."
            parts[-1] = replace(parts[-1], lacks=(*parts[-1].lacks, Lack(LackKind.UNREAD, says)))
            break
        try:
            parts += read(data, at)
        except (NotDecodable, UnsupportedAudio) as error:
            parts = _with_unread(parts, data, at) if parts else _of_another_kind(data, at, error)
            break
        at = max(at + 1, parts[-1].end)
    if not parts:
        parts.append(_as_it_is(data))
    return parts


def _with_unread(parts: list[Part], data: bytes, at: int) -> list[Part]:
    if any(lack.kind is LackKind.CUT_SHORT for lack in parts[-1].lacks):
        return parts  # what is behind is the beginning of what was said to be missing
    says = f"{len(data) - at} bytes behind the sound could not be decoded; they were left out."
    return [*parts[:-1], replace(parts[-1], lacks=(*parts[-1].lacks, Lack(LackKind.UNREAD, says)))]


def _of_another_kind(data: bytes, at: int, error: Exception) -> list[Part]:
    """The sound behind a head that is of another kind, such as MP3 behind "fLaC". Raises `error` when there is none."""
    other = _found(data, at + 4, first=True)
    if other is None or isinstance(error, UnsupportedAudio):
        raise error
    read, place = other
    try:
        parts = read(data, place)
    except (NotDecodable, UnsupportedAudio):
        raise error from None
    says = "The file does not hold what its head says; the sound behind the head was used."
    return [
        replace(parts[0], lacks=(*parts[0].lacks, Lack(LackKind.DAMAGED, says)), length_is_exact=False),
        *parts[1:],
    ]


def _found(data: bytes, at: int, *, first: bool) -> tuple[_Reader, int] | None:
    """Who reads what begins at or after this byte, and where it begins. What follows a part must begin at once, but for tags."""
    behind_tags = after_tags(data, at, len(data))
    for start, read in _STARTS:
        if start.match(data, behind_tags):
            return read, behind_tags
    if begins_here(data, behind_tags, len(data)):
        return _read_mpeg, behind_tags
    if not first or name_of(data) or is_taken_as_it_is(data, behind_tags):
        return None
    # Nothing begins where the tags say that they end: they may have counted what is behind them, too.
    front: list[tuple[int, _Reader]] = [
        (match.start(), read)
        for start, read in _STARTS
        if (match := start.search(data, at, behind_tags + MAX_FRONT_BYTES))
    ]
    mpeg = first_frame(data, at, len(data))
    if mpeg is not None:
        front.append((mpeg, _read_mpeg))
    if not front:
        return None
    place, read = min(front, key=lambda each: each[0])
    return read, place


def _read_mpeg(data: bytes, at: int) -> list[Part]:
    return read_mpeg(data, at, len(data))


def _as_it_is(data: bytes) -> Part:
    behind_tags = after_tags(data, 0, len(data))
    if behind_tags and is_taken_as_it_is(data, behind_tags):
        data = data[behind_tags:]
    mended, is_cut = with_true_size(data)
    decoded = decode(mended)
    promised_frames = frames_of_packets(data) or decoded.promised_frames or 0
    missing = promised_frames - len(decoded.samples)
    lacks = (
        (cut_short(max(0, missing), decoded.sample_rate_hz),)
        if missing > 0 or decoded.failed or is_cut
        else ()
    )
    is_exact = not lacks and not decoded.is_in_blocks
    return Part(decoded.samples, decoded.sample_rate_hz, len(data), lacks, is_exact)


def _joined(parts: list[Part]) -> Clip:
    """The parts one after another, at the rate of the first; stereo when one of them is."""
    heard = [part for part in parts if len(part.samples)]
    if not heard:
        raise UnsupportedAudio("The file has no audio in it.")
    rate_hz, channels = heard[0].sample_rate_hz, max(part.samples.shape[1] for part in heard)
    seconds = sum(len(part.samples) / part.sample_rate_hz for part in heard)
    if seconds > MAX_CLIP_SECONDS:
        raise UnsupportedAudio(f"The file is longer than {MAX_CLIP_SECONDS} seconds; cut it and try again.")
    lacks = _unlike(lack for part in parts for lack in part.lacks)
    if len(heard) == 1:
        return Clip(heard[0].samples, rate_hz, lacks, heard[0].length_is_exact, heard[0].words)
    alike = [_channels(convert(part.samples, part.sample_rate_hz, rate_hz), channels) for part in heard]
    joined = Lack(
        LackKind.JOINED, f"The file holds {len(heard)} recordings one after another; they were read as one."
    )
    return Clip(np.concatenate(alike), rate_hz, (joined, *lacks), all(part.length_is_exact for part in heard))


def _unlike(lacks: Iterable[Lack]) -> tuple[Lack, ...]:
    """One of each kind: of many damaged parts the first speaks for all."""
    return tuple({lack.kind: lack for lack in reversed(list(lacks))}.values())[::-1]


def _channels(samples: Samples, channels: int) -> Samples:
    return samples if samples.shape[1] == channels else np.repeat(samples, channels, axis=1)


def _refusal(data: bytes) -> str:
    """What these bytes are, as far as we know it, and what to do."""
    at = after_tags(data, 0, len(data))
    name = name_of(data[at : at + 512]) or name_of(data)
    if name:
        return f"This is {name}. It cannot be read as audio here; export {READ}."
    if coding := name_of_caf(data[at : at + 512]):
        return f"This CAF file holds {coding}. It cannot be read as audio here; export {READ}."
    if RIFF_START.match(data, at) or FLAC_START.match(data, at) or OGG_START.match(data, at):
        kind = {b"fLaC": "FLAC", b"OggS": "Ogg", b"FORM": "AIFF"}.get(data[at : at + 4], "WAV")
        return f"This {kind} file cannot be read as audio: nothing in it can be decoded; export it again, or send another."
    if at == len(data):
        return f"The file has no audio in it, only zeros or a tag: it was not saved or loaded to its end; get it again, or send {READ}."
    if data[at : at + 4] == b"fLaC":
        return "This FLAC file cannot be read as audio: it ends in its head; get it again, or send another."
    if is_text(data):
        return f"This is text and cannot be read as audio; send {READ} that plays elsewhere."
    return f"These bytes cannot be read as audio; send {READ} that plays elsewhere."
