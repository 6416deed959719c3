"""zlib.crc32, by whichever way: the same for any bytes, wherever they lie and whatever came before."""

import random
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio import crc
from tests.support.kernels import built_kernels, run_under_sanitizers

LENGTHS = (
    st.integers(0, 400) | st.integers(crc.LEAST_BYTES - 1, crc.LEAST_BYTES + 300) | st.just(256 * 1024 + 8)
)


@pytest.fixture(params=["native", "zlib"])
def _way(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = None
    if request.param == "native":
        library = crc.load(built_kernels())
        assert library is not None
    monkeypatch.setattr(crc, "_LIBRARY", library)
    monkeypatch.setattr(crc, "LEAST_BYTES", 64)


@pytest.mark.usefixtures("_way")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(length=LENGTHS, seed=st.integers(0, 99), value=st.integers(0, 2**32 - 1), at=st.integers(0, 17))
def test_it_is_that_of_zlib(length: int, seed: int, value: int, at: int) -> None:
    data = random.Random(seed).randbytes(at + length)[at:]
    wanted = zlib.crc32(data, value)
    assert crc.crc32(data, value) == wanted
    writable = bytearray(bytes(at) + data)
    assert crc.crc32(memoryview(writable)[at:], value) == wanted
    assert crc.crc32(memoryview(data), value) == wanted, "that may not be written"
    assert bytes(writable[at:]) == data


def test_it_stays_within_its_bytes(tmp_path: Path) -> None:
    script = """
import sys, zlib
from audio import crc
crc._LIBRARY = crc.load(sys.argv[1])
assert crc._LIBRARY is not None
for length in (1024, 1039, 1088, 4096 + 48):
    data = bytes(range(256)) * (length // 256 + 1)
    assert crc.crc32(bytearray(data[:length])) == zlib.crc32(data[:length])
print("sound")
"""
    found = run_under_sanitizers(script, tmp_path)
    assert found.stdout == "sound\n", found.stderr[-2000:]
