"""Title, tempo and key that a file says of itself: ID3v2, RIFF INFO, the comments of FLAC and Ogg. Whatever is wrong with them."""

import io
import random
import struct

import numpy as np
import pytest
import soundfile

from audio.encode.id3 import id3_tag
from audio.encode.mp3 import encode_mp3
from audio.read.clip import FileWords
from audio.read.id3_words import MAX_FRAMES, words_of_id3
from audio.read.reader import read_audio
from audio.read.vorbis_comment import with_comment
from audio.read.words import MAX_SAID_CHARS, words_of_chunks
from tests.support.odd_files import ID3_PICTURE, chunk, encoded, id3v2, wav

NOISE = (0.1 * np.random.default_rng(3).standard_normal((22_050, 2))).astype(np.float32)
SOUND = (NOISE * 32_767).astype("<i2").tobytes()
SAID = FileWords(bpm=92.5, key="Am", title="Nächte", source="ID3")


def frame(name: bytes, text: bytes, *, version: int = 3, flags: int = 0, plain_size: bool = False) -> bytes:
    if version == 2:
        return name + len(text).to_bytes(3, "big") + text
    size = len(text).to_bytes(4, "big")
    if version == 4 and not plain_size:
        size = bytes(len(text) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return name + size + bytes([0, flags]) + text


def said(version: int, encoding: int = 0, **more: bool) -> bytes:
    """The frames of SAID."""
    codec = ("latin-1", "utf-16", "utf-16-be", "utf-8")[encoding]
    names = (b"TT2", b"TBP", b"TKE") if version == 2 else (b"TIT2", b"TBPM", b"TKEY")
    texts = zip(names, ("Nächte", "92.5", "Am"), strict=True)
    return b"".join(frame(n, bytes([encoding]) + t.encode(codec), version=version, **more) for n, t in texts)


@pytest.mark.parametrize(
    "tag",
    [
        id3v2(said(2), version=2),
        id3v2(said(2, 1), version=2),
        id3v2(said(3)),
        id3v2(said(3, 1)),
        id3v2(ID3_PICTURE + said(3)),
        id3v2(said(3) + bytes(500)),
        id3v2(said(3) + b"\xff\xfe junk"),
        id3v2(said(4, 3), version=4, footer=True),
        id3v2(said(4, 2), version=4),
        id3v2(frame(b"COMM", b"x" * 300, version=4, plain_size=True) + said(4, 3), version=4),
        id3v2(b"\0\0\0\x06" + bytes(6) + said(3)).replace(b"ID3\x03\0\0", b"ID3\x03\0\x40"),
        id3v2(said(3, 1).replace(b"\xff\xfe", b"\xff\x00\xfe")).replace(b"ID3\x03\0\0", b"ID3\x03\0\x80"),
        id3v2(b"PRIV" + bytes(6)) + id3v2(said(3)),
    ],
    ids=[
        "2.2",
        "2.2, UTF-16",
        "2.3",
        "2.3, UTF-16",
        "behind a picture",
        "padding",
        "junk",
        "2.4, UTF-8, footer",
        "2.4, UTF-16 BE",
        "2.4 with a plain size",
        "extended header",
        "unsynchronised",
        "second tag",
    ],
)
def test_id3_of_every_version_is_read(tag: bytes) -> None:
    assert words_of_id3(tag) == SAID


def test_our_own_mp3_says_its_exact_tempo() -> None:
    mp3 = id3_tag(title="Nächte", bpm=92.5, key="A minor") + encode_mp3(NOISE, 44_100).data
    assert read_audio(mp3).words == SAID


def test_the_exact_tempo_counts_only_where_it_is_near_the_whole_one() -> None:
    def words(exact: str) -> FileWords:
        return words_of_id3(id3v2(frame(b"TBPM", b"\x00120") + frame(b"TXXX", b"\0BPM\0" + exact.encode())))

    assert (words("120.4").bpm, words("93").bpm, words("fast").bpm) == (120.4, 120.0, 120.0)


INFO = chunk(b"INAM", "Nächte\0".encode()) + chunk(b"IBPM", b"92,5") + chunk(b"TKEY", b"Am\0")


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        (chunk(b"id3 ", id3v2(said(3))), SAID),
        (chunk(b"LIST", b"INFO" + INFO), FileWords(bpm=92.5, key="Am", title="Nächte", source="INFO")),
        (
            chunk(b"LIST", b"adtl" + bytes(20)) + chunk(b"LIST", b"INFO" + chunk(b"INAM", b"N\xe4chte")),
            FileWords(title="Nächte", source="INFO"),
        ),
        (
            chunk(b"acid", struct.pack("<IHHfIHHf", 0, 0, 0, 0.0, 8, 4, 4, 174.5))
            + chunk(b"id3 ", id3v2(said(3))),
            FileWords(bpm=174.5, beats=8, meter=(4, 4), key="Am", title="Nächte", source="acid, ID3"),
        ),
    ],
    ids=["ID3 chunk", "INFO", "second list, Latin-1", "a loop's own tempo goes first"],
)
def test_wav_files_say_it_in_chunks(chunks: bytes, words: FileWords) -> None:
    assert read_audio(wav(SOUND, before=chunks)).words == words
    assert read_audio(wav(SOUND, behind=chunks)).words == words


def test_id3_in_front_of_any_file_is_read() -> None:
    assert read_audio(id3v2(said(3)) + wav(SOUND)).words == SAID


def test_comments_of_flac_and_ogg_are_read() -> None:
    flac = encoded(NOISE, 44_100, "FLAC", "PCM_16")
    for comment in ("TITLE=Nächte", "bpm=92.5 BPM", "initialkey=Am"):
        flac = with_comment(flac, comment)
    words = FileWords(bpm=92.5, key="Am", title="Nächte", source="comments")
    assert read_audio(flac).words == words
    for coding, rate_hz in (("VORBIS", 44_100), ("OPUS", 48_000)):
        ogg = io.BytesIO()
        with soundfile.SoundFile(ogg, "w", rate_hz, 2, coding, format="OGG") as file:
            file.title = "Nächte"
            file.write(NOISE)
        assert read_audio(ogg.getvalue()).words == FileWords(title="Nächte", source="comments")


@pytest.mark.parametrize(
    "text", [b"0", b"-92", b"1e3", b"nan", b"99999", b"about 90", b"\xff", b"", b"9" * 5_000]
)
def test_what_is_no_tempo_is_not_said(text: bytes) -> None:
    assert words_of_id3(id3v2(frame(b"TBPM", b"\0" + text))) == FileWords()


def test_titles_are_bounded_and_of_one_line() -> None:
    words = words_of_id3(id3v2(frame(b"TIT2", b"\0one\r\n\x1b[2Jtwo " + b"x" * 3_000)))
    assert words.title is not None and len(words.title) == MAX_SAID_CHARS
    assert words.title.startswith("one [2Jtwo x")
    many = frame(b"TXXX", b"\0a\0b") * MAX_FRAMES + said(3)
    assert words_of_id3(id3v2(many)) == FileWords()


def test_damaged_words_cost_only_themselves() -> None:
    rng = random.Random(5)
    tag, listed = id3v2(said(4, 3), version=4), b"INFO" + INFO
    for _ in range(2_000):
        hurt = bytearray(rng.choice((tag, listed))[: rng.randint(0, 90)])
        for _ in range(rng.randint(1, 6)):
            if hurt:
                hurt[rng.randrange(len(hurt))] = rng.randrange(256)
        for words in (
            words_of_id3(bytes(hurt)),
            words_of_chunks({b"LISTINFO": bytes(hurt), b"NAME": bytes(hurt)}, "<"),
        ):
            assert words.bpm is None or 20 <= words.bpm <= 999
            assert len(words.title or "") <= MAX_SAID_CHARS
