"""How much sound the head of a file counts, held against what is there: for the kinds that libsndfile reads as they are.

libsndfile refuses some of these where the count is too high, takes others for as long as the file is, and tells of neither.
Sources: Sun's AU (".snd"), Apple's "Core Audio Format Specification", Sonic Foundry's "Wave64", NIST's SPHERE 2.6,
MathWorks' "MAT-File Format", Electronic Arts' IFF 8SVX, AVR of Audio Visual Research, Akai's MPC2000, Psion's WVE, the
"HTK Book" 5.10. IRCAM, PAF and PVF count nothing.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

_CAF_FIRST_CHUNK_AT, _CAF_HEAD_BYTES = 8, 12
_W64_FIRST_CHUNK_AT, _W64_HEAD_BYTES = 40, 24
_IFF_FIRST_CHUNK_AT, _IFF_HEAD_BYTES = 12, 8
_AVR_BODY, _WVE_BODY, _MPC_BODY, _HTK_BODY = 128, 32, 42, 12
_MAT4_HEAD_BYTES, _MAT4_NUMBER_BYTES = 20, (8, 4, 4, 2, 2, 1)  # of each of its types of numbers
_MAT5_FIRST_AT, _MAT5_TAG_BYTES = 128, 8
_NIST_FIELD = re.compile(rb"(channel_count|sample_n_bytes|sample_count) -(?:i|s\d+) (\d{1,18})\s")
_MISCOUNTED_BYTES = 9  # a head, a pad byte: counted by writers that should not
_UNKNOWN_BYTES = 2**31 - 2**16  # sizes from here on are written by who does not know them


@dataclass(frozen=True)
class _Count:
    """body: the byte where the sound begins. told: the head's count, in units of so many bytes, of which `more` are no sound.

    field: where the count stands (byte, struct), for those that libsndfile has to find true.
    """

    body: int
    told: int
    unit_bytes: int = 1
    more: int = 0
    field: tuple[int, str] | None = None


def with_true_size(data: bytes) -> tuple[bytes, bool]:
    """The file up to the end of its sound, with a count that is there where it said none or more; and whether any is missing. [any]

    Other kinds of files are returned as they are.
    """
    try:
        count = _count_of(data)
    except struct.error:  # it ends in its head
        count = None
    if count is None or len(data) <= count.body:
        return data, False
    there_bytes, told_bytes = len(data) - count.body, (count.told - count.more) * count.unit_bytes
    if 0 < told_bytes <= there_bytes:
        return data[: count.body + told_bytes], False
    is_of_the_file = count.told * count.unit_bytes == len(data)
    is_cut = (
        0 < told_bytes < _UNKNOWN_BYTES
        and told_bytes - there_bytes > _MISCOUNTED_BYTES
        and not is_of_the_file
    )
    if count.field is not None:
        at, form = count.field
        units = there_bytes // count.unit_bytes
        true = struct.pack(form, units + count.more)
        data = data[:at] + true + data[at + len(true) : count.body + units * count.unit_bytes]
    return data, is_cut


def frames_of_packets(data: bytes) -> int | None:
    """How many frames the packets of a CAF file hold, by its table of them; None for other files. [any]"""
    at = _caf_chunk(data, b"pakt") if data.startswith(b"caff") else None
    if at is None or len(data) < at + _CAF_HEAD_BYTES + 16:
        return None
    return int(struct.unpack_from(">q", data, at + _CAF_HEAD_BYTES + 8)[0])


def _count_of(data: bytes) -> _Count | None:
    read = next((read for starts, read in _KINDS if data.startswith(starts)), _of_htk)
    return read(data)


def _of_au(data: bytes) -> _Count | None:
    order = ">" if data[:4] == b".snd" else "<"
    body, told = struct.unpack_from(f"{order}II", data, 4)
    return _Count(body, told, field=(8, f"{order}I"))


def _of_caf(data: bytes) -> _Count | None:
    at = _caf_chunk(data, b"data")
    if at is None:
        return None
    return _Count(at + _CAF_HEAD_BYTES, struct.unpack_from(">q", data, at + 4)[0], field=(at + 4, ">q"))


def _caf_chunk(data: bytes, wanted: bytes) -> int | None:
    at = _CAF_FIRST_CHUNK_AT
    while at + _CAF_HEAD_BYTES <= len(data):
        name, told = struct.unpack_from(">4sq", data, at)
        if name == wanted:
            return at
        at += _CAF_HEAD_BYTES + max(0, told)
    return None


def _of_w64(data: bytes) -> _Count | None:
    at = _W64_FIRST_CHUNK_AT
    while at + _W64_HEAD_BYTES <= len(data):
        (told,) = struct.unpack_from("<Q", data, at + 16)
        if data[at : at + 4] == b"data":
            return _Count(at + _W64_HEAD_BYTES, told, more=_W64_HEAD_BYTES, field=(at + 16, "<Q"))
        at += max(_W64_HEAD_BYTES, -(-told // 8) * 8)
    return None


def _of_svx(data: bytes) -> _Count | None:
    at = _IFF_FIRST_CHUNK_AT
    while at + _IFF_HEAD_BYTES <= len(data):
        name, told = struct.unpack_from(">4sI", data, at)
        if name == b"BODY":
            return _Count(at + _IFF_HEAD_BYTES, told)
        at += _IFF_HEAD_BYTES + told + told % 2
    return None


def _of_avr(data: bytes) -> _Count | None:
    is_stereo, bits = struct.unpack_from(">hh", data, 12)
    (frames,) = struct.unpack_from(">I", data, 26)
    return _Count(_AVR_BODY, frames, (2 if is_stereo else 1) * (bits // 8))


def _of_nist(data: bytes) -> _Count | None:
    """sample_count: of each channel."""
    head_bytes = data[8:16].strip()
    body = int(head_bytes) if head_bytes.isdigit() else 0
    fields = {name: int(number) for name, number in _NIST_FIELD.findall(data, 0, body)}
    if len(fields) < 3:
        return None
    return _Count(body, fields[b"sample_count"], fields[b"channel_count"] * fields[b"sample_n_bytes"])


def _of_mat4(data: bytes) -> _Count | None:
    """The second matrix is the sound: a row for each channel."""
    order = "<" if data[0] == 0 and data[4] else ">"
    first = _MAT4_HEAD_BYTES + struct.unpack_from(f"{order}5I", data)[4] + _MAT4_NUMBER_BYTES[0]
    kind, channels, frames, _, name_bytes = struct.unpack_from(f"{order}5I", data, first)
    precision = kind // 10 % 10
    if precision >= len(_MAT4_NUMBER_BYTES):
        return None
    return _Count(first + _MAT4_HEAD_BYTES + name_bytes, frames, channels * _MAT4_NUMBER_BYTES[precision])


def _of_mat5(data: bytes) -> _Count | None:
    """The second matrix is the sound; its fourth part, behind flags, dimensions and name, are the numbers."""
    order = "<" if data[126:128] == b"IM" else ">"
    at = _MAT5_FIRST_AT + _MAT5_TAG_BYTES + struct.unpack_from(f"{order}I", data, _MAT5_FIRST_AT + 4)[0]
    at += _MAT5_TAG_BYTES
    for _ in range(3):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        at += _MAT5_TAG_BYTES + (0 if kind >> 16 else -(-size // 8) * 8)  # a small part lies in its own tag
    return _Count(at + _MAT5_TAG_BYTES, struct.unpack_from(f"{order}I", data, at + 4)[0])


def _of_mpc(data: bytes) -> _Count | None:
    return _Count(_MPC_BODY, struct.unpack_from("<I", data, 30)[0], 4 if data[21] else 2)


def _of_wve(data: bytes) -> _Count | None:
    return _Count(_WVE_BODY, struct.unpack_from(">I", data, 18)[0])


def _of_htk(data: bytes) -> _Count | None:
    """Nothing says that it is one but its kind, a waveform of 16 bits, where the kind stands."""
    if data[8:12] != b"\0\2\0\0":
        return None
    return _Count(_HTK_BODY, struct.unpack_from(">I", data)[0], 2, field=(0, ">I"))


_KINDS: tuple[tuple[bytes | tuple[bytes, ...], Callable[[bytes], _Count | None]], ...] = (
    ((b".snd", b"dns."), _of_au),
    (b"caff", _of_caf),
    (b"riff", _of_w64),
    (b"FORM", _of_svx),
    (b"2BIT", _of_avr),
    (b"NIST_1A\n", _of_nist),
    # A matrix of one real number: the rate.
    ((struct.pack("<4I", 0, 1, 1, 0), struct.pack(">4I", 1000, 1, 1, 0)), _of_mat4),
    (b"MATLAB 5.0", _of_mat5),
    (b"\x01\x04", _of_mpc),
    (b"ALawSoundFile", _of_wve),
)
