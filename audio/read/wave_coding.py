"""How the sound of a WAV or AIFF file is coded, and whether bytes behind it go on with it.

Source: Microsoft, "Multiple Channel Audio Data and WAVE Files" (WAVEFORMATEXTENSIBLE); Apple, AIFF-C.
"""

import struct

import numpy as np

from audio.intake import MAX_RATE_HZ, SAMPLE_LIMIT, Samples
from audio.read.decode import NotDecodable, decode_plain

PCM, FLOAT, ALAW, ULAW = 1, 3, 6, 7
_MS_ADPCM, _IMA_ADPCM, _GSM, _G721 = 0x02, 0x11, 0x31, 0x40
EXTENSIBLE = 0xFFFE
FRAME_BY_FRAME = (PCM, FLOAT, ALAW, ULAW)
"""The other codings come in blocks, the last one filled up."""
READ = (*FRAME_BY_FRAME, _MS_ADPCM, _IMA_ADPCM, _GSM, _G721)
"""What libsndfile decodes of WAV."""
_SUBFORMAT_AT, _EXTENSIBLE_BYTES = 24, 40
_PLAIN_BYTES = 16
_JUDGED_FRAMES, _FEWEST_FRAMES = 2_048, 64
_MAX_STEP = 4.0  # of the largest step between samples of the sound itself
_MAX_ROUGHNESS = 0.5  # white noise has 2; what is rougher than this cannot be told from other data
_PLAIN = {
    (PCM, 8): "PCM_U8",
    (PCM, 16): "PCM_16",
    (PCM, 24): "PCM_24",
    (PCM, 32): "PCM_32",
    (FLOAT, 32): "FLOAT",
    (FLOAT, 64): "DOUBLE",
    (ALAW, 8): "ALAW",
    (ULAW, 8): "ULAW",
}


def plain_description(description: bytes, order: str, sound: bytes) -> bytes:
    """The body of `fmt ` without the extensible form: that says by its subformat what the short form says by its tag. [any]

    A subformat that nobody filled in is guessed by the sound's first bytes. order: "<" or ">".
    """
    if tag_of(description, order) != EXTENSIBLE or len(description) < _SUBFORMAT_AT + 2:
        return description
    (coding,) = struct.unpack_from(f"{order}H", description, _SUBFORMAT_AT)
    if coding == 0:
        coding = FLOAT if _is_float(sound, *_layout(description, order), order) else PCM
    more = description[_EXTENSIBLE_BYTES:]
    return struct.pack(f"{order}H", coding) + description[2:16] + struct.pack(f"{order}H", len(more)) + more


def tag_of(description: bytes, order: str) -> int:
    """The coding that a `fmt ` chunk names; 0 when it names none. [any]"""
    return int(struct.unpack_from(f"{order}H", description)[0]) if len(description) >= 2 else 0


def block_bytes(description: bytes, order: str) -> int:
    """Bytes of a block, or of a frame where the coding has no blocks; at least 1. [any]"""
    return max(1, int(struct.unpack_from(f"{order}H", description, 12)[0])) if len(description) >= 14 else 1


def goes_on(data: bytes, first: int, end: int, description: bytes, order: str) -> bool:
    """Whether the bytes behind `end` are more of the sound from byte `first`: as smooth as its end, and no step between. [any]

    description: of plain_description(). Noise goes on as anything does: of that nothing is claimed.
    """
    channels, bits = _layout(description, order)
    name = _PLAIN.get((tag_of(description, order), bits))
    frame_bytes = channels * bits // 8
    if name is None or not frame_bytes:
        return False
    seam = first + (end - first) // frame_bytes * frame_bytes
    before_frames = min(_JUDGED_FRAMES, (seam - first) // frame_bytes)
    behind_frames = min(_JUDGED_FRAMES, (len(data) - seam) // frame_bytes)
    if behind_frames < _FEWEST_FRAMES:
        return False
    judged = data[seam - before_frames * frame_bytes : seam + behind_frames * frame_bytes]
    try:
        samples = decode_plain(judged, name, MAX_RATE_HZ, channels, "BIG" if order == ">" else "LITTLE")
    except NotDecodable:
        return False
    return _is_one_sound(samples[:before_frames], samples[before_frames:])


def _is_one_sound(end: Samples, behind: Samples) -> bool:
    if len(end) < 2 or not np.isfinite(behind).all():
        return False
    steps = np.abs(np.diff(end, axis=0)).max(axis=0)
    seam = np.abs(behind[0] - end[-1])
    smooth = max(_roughness(end), _roughness(behind)) < _MAX_ROUGHNESS
    return smooth and bool((seam <= _MAX_STEP * steps).all()) and bool(np.abs(behind).max() <= SAMPLE_LIMIT)


def _roughness(samples: Samples) -> float:
    """Energy of the steps between samples, by that of the samples: below 0.1 for most music; 2 for what has no order."""
    centred = samples - samples.mean(axis=0)
    energy = float(np.square(centred).sum())
    return float(np.square(np.diff(centred, axis=0)).sum()) / energy if energy > 0 else np.inf


def _layout(description: bytes, order: str) -> tuple[int, int]:
    """(channels, bits of a sample)."""
    if len(description) < _PLAIN_BYTES:
        return 0, 0
    return struct.unpack_from(f"{order}H", description, 2)[0], struct.unpack_from(
        f"{order}H", description, 14
    )[0]


def _is_float(sound: bytes, channels: int, bits: int, order: str) -> bool:
    """Whether so many bits make sense as floating point: whole numbers do not, their low bits would be exponents."""
    if bits not in (32, 64):
        return False
    size = bits // 8
    head = sound[: _JUDGED_FRAMES * max(1, channels) * size]
    values = np.abs(np.frombuffer(head[: len(head) // size * size], f"{order}f{size}"))
    return bool(np.isfinite(values).all() and (values <= SAMPLE_LIMIT).all() and (values > 1e-9).any())
