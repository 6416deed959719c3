"""Arrays out of a pickled file, by an unpickler that knows arrays and nothing else."""

import encodings.cp437  # what zipfile looks up by name: in a sandbox it would be too late  # noqa: F401
import io
import pickle
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.errors import AudioError

Weights = Mapping[str, NDArray[np.float32]]


class BadWeights(AudioError):
    """It is no file of weights, or holds what weights do not."""


def read_pickled(data: bytes) -> Weights:
    """Of a dictionary of arrays, by name, which PyTorch has packed (a ZIP with a data.pkl). Raises BadWeights. [worker]"""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            (member,) = (each for each in packed.namelist() if each.endswith("/data.pkl"))
            found = _Arrays(io.BytesIO(packed.read(member))).load()
    except BadWeights:
        raise
    except Exception as error:  # whatever a broken pickle is taken for
        raise BadWeights("The file of the model cannot be read.") from error
    if not isinstance(found, dict) or not all(isinstance(each, np.ndarray) for each in found.values()):
        raise BadWeights("The file of the model holds more than weights.")
    return {str(name): np.ascontiguousarray(array, np.float32) for name, array in found.items()}


def _bytes(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise BadWeights("The file of the model holds more than weights.")
    return text.encode(encoding)


_FROM_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")


class _Arrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return _bytes
        if module in _FROM_NUMPY and name == "_reconstruct":
            return np.ndarray.__reduce__(np.zeros(0))[0]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        raise BadWeights("The file of the model holds more than weights.")
