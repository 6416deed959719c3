"""Files of models that a test makes: in the form of the real ones, and what each of them does is known."""

import hashlib
import io
import pickle
import struct
import zipfile
from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from audio.models.table import MODELS, Model, ModelFile
from audio.tags.musicnn import PLACES, WORDS

Array = NDArray[np.float32]
CLAIMS = (0.8, 0.4)
"""What the networks that `spleeter_files` makes claim of everything."""
BANDS_HZ = {
    "drums": (8_000.0, 22_050.0),
    "bass": (0.0, 200.0),
    "other": (200.0, 600.0),
    "vocals": (600.0, 8_000.0),
}
"""What the model that `htdemucs_file` makes takes for what."""


class Files:
    """A folder of models in memory."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def size_bytes(self, name: str) -> int | None:
        return len(self.held[name]) if name in self.held else None

    def read(self, name: str) -> bytes:
        return self.held[name]

    def write(self, name: str, data: bytes) -> None:
        self.held[name] = data

    def remove(self, name: str) -> None:
        del self.held[name]


def known(**files: tuple[bytes, ...]) -> Mapping[str, Model]:
    """A table that has these files in the place of the real ones of each model; by its name, ":" as "_"."""
    table = {}
    for name, model in MODELS.items():
        made = files.get(name.replace(":", "_"))
        if made is not None:
            rows = tuple(
                ModelFile(name=file.name, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
                for file, data in zip(model.files, made, strict=True)
            )
            table[name] = Model(
                does=model.does,
                files=rows,
                licence=model.licence,
                terms=model.terms,
                source=model.source,
                runtime=model.runtime,
            )
    return table


def packed(weights: Mapping[str, Array]) -> bytes:
    """As PyTorch packs them, but smaller; the same bytes each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in (("data.pkl", pickle.dumps(dict(weights), protocol=2)), ("version", b"3\n")):
            archive.writestr(zipfile.ZipInfo(f"model/{name}"), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def spleeter_weights(claim: float) -> dict[str, Array]:
    """Of a network that claims so much of everything, 0..1."""
    found: dict[str, Array] = {}
    inner = (2, 16, 32, 64, 128, 256, 512)
    outer = ((512, 256), (512, 128), (256, 64), (128, 32), (64, 16), (32, 1))
    for n in range(1, 7):
        found[f"down{n}_conv.1.weight"] = np.zeros((inner[n], inner[n - 1], 5, 5), np.float32)
        found[f"down{n}_conv.1.bias"] = np.zeros(inner[n], np.float32)
        found |= _normal(f"down{n}_act.0", inner[n])
        found[f"up{n}.0.weight"] = np.zeros((*outer[n - 1], 5, 5), np.float32)
        found[f"up{n}.0.bias"] = np.zeros(outer[n - 1][1], np.float32)
        found |= _normal(f"up{n}.3", outer[n - 1][1])
    found["up7.0.weight"] = np.zeros((2, 1, 4, 4), np.float32)
    found["up7.0.bias"] = np.full(2, np.log(claim / (1 - claim)), np.float32)
    return found


def _normal(name: str, size: int) -> dict[str, Array]:
    ones, zeros = np.ones(size, np.float32), np.zeros(size, np.float32)
    return {
        f"{name}.weight": ones,
        f"{name}.bias": zeros,
        f"{name}.running_mean": zeros,
        f"{name}.running_var": ones,
    }


@cache
def spleeter_files() -> tuple[bytes, bytes]:
    """Of vocals and accompaniment, which claim CLAIMS of everything."""
    vocals, rest = (packed(spleeter_weights(claim)) for claim in CLAIMS)
    return vocals, rest


# ONNX, of which this writes as much as a small graph needs ---------------------------------------------------------------

FLOAT, INT64 = 1, 7


def onnx_file(
    inputs: Mapping[str, tuple[int, ...]],
    outputs: Mapping[str, tuple[int, ...]],
    constants: Mapping[str, NDArray[np.generic]],
    nodes: Iterable[tuple[str, tuple[str, ...], str]],
) -> bytes:
    """nodes: (operation, names of what goes in, name of what comes out), without attributes."""
    graph = b"".join(
        _field(
            1,
            b"".join(_field(1, each.encode()) for each in given)
            + _field(2, made.encode())
            + _field(4, kind.encode()),
        )
        for kind, given, made in nodes
    )
    graph += _field(2, b"made")
    graph += b"".join(_field(5, _tensor(name, array)) for name, array in constants.items())
    graph += b"".join(_field(11, _about(name, shape)) for name, shape in inputs.items())
    graph += b"".join(_field(12, _about(name, shape)) for name, shape in outputs.items())
    return _number(1, 8) + _field(7, graph) + _field(8, _number(2, 17))


def htdemucs_file() -> bytes:
    """It takes BANDS_HZ for parts, by their spectra alone."""
    centres_hz = np.arange(2048) * 44_100 / 4096
    masks = np.stack([(low <= centres_hz) & (centres_hz < high) for low, high in BANDS_HZ.values()])
    return onnx_file(
        inputs={"input": (1, 2, 343_980), "x": (1, 4, 2048, 336)},
        outputs={"spectra": (1, 4, 4, 2048, 336), "sound": (1, 4, 2, 343_980)},
        constants={
            "axis": np.array([1], np.int64),
            "masks": masks.astype(np.float32).reshape(1, 4, 1, 2048, 1),
            "nothing": np.zeros((1, 4, 1, 1), np.float32),
        },
        nodes=[
            ("Unsqueeze", ("x", "axis"), "one_x"),
            ("Mul", ("one_x", "masks"), "spectra"),
            ("Unsqueeze", ("input", "axis"), "one_input"),
            ("Mul", ("one_input", "nothing"), "sound"),
        ],
    )


def basic_pitch_file(*notes: tuple[int, int, int]) -> bytes:
    """Whatever it is given, it hears these in each two seconds: (key of 88, first moment, moment after the last)."""
    begins, sounds = np.zeros((1, 172, 88), np.float32), np.zeros((1, 172, 88), np.float32)
    for key, first, end in notes:
        begins[0, first, key], sounds[0, first:end, key] = 0.9, 0.8
    return onnx_file(
        inputs={"sound": (1, 43_844, 1)},
        outputs={"begins": (1, 172, 88), "sounds": (1, 172, 88)},
        constants={
            "rows": np.arange(1, dtype=np.int64),
            "axis": np.array([1], np.int64),
            "nothing": np.zeros(1, np.float32),
            "heard_begins": begins,
            "heard_sounds": sounds,
        },
        nodes=[
            ("Gather", ("sound", "rows"), "one"),
            ("ReduceSum", ("one", "axis"), "sum"),
            ("Mul", ("sum", "nothing"), "zero"),
            ("Add", ("zero", "heard_begins"), "begins"),
            ("Add", ("zero", "heard_sounds"), "sounds"),
        ],
    )


def musicnn_file(**shares: float) -> bytes:
    """Whatever it is given, it claims so much of each word, 0..1, and nothing of all others; of words with a blank "_" stands for it."""
    data = bytearray(max(first + 4 * int(np.prod(shape)) for first, shape in PLACES.values()))
    claimed = np.full(len(WORDS), -20.0, np.float32)
    for name, share in shares.items():
        claimed[WORDS.index(name.replace("_", " "))] = np.log(share / (1 - share))
    first, _ = PLACES["dense_1/bias"]
    data[first : first + claimed.nbytes] = claimed.tobytes()
    return bytes(data)


def _tensor(name: str, array: NDArray[np.generic]) -> bytes:
    kind = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64}[array.dtype]
    sizes = b"".join(_number(1, size) for size in array.shape)
    return sizes + _number(2, kind) + _field(8, name.encode()) + _field(9, array.tobytes())


def _about(name: str, shape: tuple[int, ...]) -> bytes:
    sizes = b"".join(_field(1, _number(1, size)) for size in shape)
    kind = _field(1, _number(1, FLOAT) + _field(2, sizes))
    return _field(1, name.encode()) + _field(2, kind)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += struct.pack("B", value & 0x7F | 0x80)
        value >>= 7
    return out + struct.pack("B", value)
