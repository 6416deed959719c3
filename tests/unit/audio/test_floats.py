"""Float32 as bytes: the C file, its numpy twin and the definition agree on any bits."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio import floats
from tests.support.kernels import build_kernels

ANY_BITS = st.integers(0, 2**32 - 1) | st.sampled_from(
    [0, 0x8000_0000, 0x7F7F_FFFF, 0xFF7F_FFFF, 0x7F80_0000, 0x7FC0_0000, 0x3F80_0000]
)


@pytest.fixture(params=["native", "portable"])
def _way(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = None
    if request.param == "native":
        library = floats.load(str(build_kernels(tmp_path_factory.mktemp("kernels"))))
        assert library is not None
    monkeypatch.setattr(floats, "_LIBRARY", library)


@pytest.mark.usefixtures("_way")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(ANY_BITS, max_size=70))
def test_the_peak_is_the_largest_that_is_finite(bits: list[int]) -> None:
    samples = np.array(bits, "<u4").view("<f4")
    with np.errstate(invalid="ignore"):
        largest = np.abs(samples[np.isfinite(samples)]).max(initial=0.0)
    assert floats.peak(memoryview(bytearray(samples.tobytes()))) == largest


@pytest.mark.usefixtures("_way")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    folded=st.lists(ANY_BITS, min_size=1, max_size=24),
    channels=st.integers(1, 3),
    order=st.integers(0, 3),
    scale_bits=st.sampled_from([0, 15, 23, 255]),
)
def test_planes_become_the_running_sums_of_what_they_fold(
    folded: list[int], channels: int, order: int, scale_bits: int
) -> None:
    folded = folded[: len(folded) // channels * channels] or [1] * channels
    numbers = [f >> 1 ^ -(f & 1) for f in folded]
    for _ in range(order):
        for at in range(channels, len(numbers)):
            numbers[at] += numbers[at - channels]
    wrapped = [(number + 2**31) % 2**32 - 2**31 for number in numbers]
    if scale_bits:
        expected = np.array(wrapped, "<f4") * np.float32(2.0**-scale_bits)
    else:
        expected = np.array([n % 2**32 if n >= 0 else n % 2**32 ^ 0x7FFF_FFFF for n in wrapped], "<u4")
    data = np.array(folded, "<u4").tobytes()
    planes = [data[each::4] for each in range(4)]
    assert bytes(floats.unpacked(planes, channels, order, scale_bits)) == expected.tobytes()


def test_who_asks_needs_no_numpy() -> None:
    says = "import sys, audio.floats; audio.floats.peak(memoryview(bytearray(8))); sys.exit('numpy' in sys.modules)"
    has_library = floats.load() is not None
    assert subprocess.run([sys.executable, "-c", says], check=False).returncode == (not has_library)
