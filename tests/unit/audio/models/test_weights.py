"""What a file of weights may hold."""

import io
import os
import pickle
import zipfile
from typing import Any

import numpy as np
import pytest

from audio.models.weights import BadWeights, read_pickled
from tests.support.model_files import packed


class Runs:
    def __reduce__(self) -> Any:  # any: what pickle takes
        return os.system, ("false",)


def _zip(data: bytes, name: str = "model/data.pkl") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, data)
    return out.getvalue()


def test_arrays_come_back_as_they_were() -> None:
    given = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b.c": np.ones(1, np.float32)}
    found = read_pickled(packed(given))
    assert list(found) == ["a", "b.c"]
    for name, array in given.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no zip",
        _zip(b""),
        _zip(b"not a pickle"),
        _zip(pickle.dumps({}), name="model/other.pkl"),
        _zip(pickle.dumps([1, 2])),
        _zip(pickle.dumps({"a": 1})),
        _zip(pickle.dumps({"a": Runs()})),
        _zip(pickle.dumps({"a": np.array([Runs()])})),
    ],
    ids=[
        "nothing",
        "no zip",
        "empty",
        "no pickle",
        "another name",
        "no names",
        "no array",
        "code",
        "code in an array",
    ],
)
def test_what_is_no_weights_is_refused_and_runs_nothing(data: bytes) -> None:
    with pytest.raises(BadWeights):
        read_pickled(data)
