"""Float32 as bytes: the C file, its numpy twin and the definition agree on any bits."""

import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio import floats
from tests.support.kernels import built_kernels, run_under_sanitizers

ANY_BITS = st.integers(0, 2**32 - 1) | st.sampled_from(
    [0, 0x8000_0000, 0x7F7F_FFFF, 0xFF7F_FFFF, 0x7F80_0000, 0x7FC0_0000, 0x3F80_0000]
)


@pytest.fixture(params=["native", "portable"])
def _way(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    library = None
    if request.param == "native":
        library = floats.load(built_kernels())
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


@pytest.mark.usefixtures("_way")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    bits=st.lists(ANY_BITS, min_size=1, max_size=40),
    channels=st.integers(1, 3),
    order=st.sampled_from([1, 2]),
)
def test_planes_are_of_the_differences_that_come_together_again(
    bits: list[int], channels: int, order: int
) -> None:
    sound = np.resize(np.array(bits, "<u4"), -(-len(bits) // channels) * channels).tobytes()
    numbers = floats.numbers(sound, 0)
    assert numbers is not None
    apart = floats.planes(numbers, channels, order)
    assert floats.unpacked(apart, channels, order, 0) == sound
    folded = [int.from_bytes(parts, "little") for parts in zip(*apart, strict=True)]
    assert floats.difference_bits(numbers, channels, order) == sum(max(f.bit_length(), 1) for f in folded)


@pytest.mark.usefixtures("_way")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(integers=st.lists(st.integers(-(2**25), 2**25), min_size=1, max_size=20), odd=st.none() | ANY_BITS)
def test_numbers_are_the_integers_of_a_file_or_none(integers: list[int], odd: int | None) -> None:
    samples = (np.array(integers) * 2.0**-23).astype(np.float32)
    if odd is not None:
        samples.view(np.uint32)[-1] = odd
    found = floats.numbers(samples.tobytes(), 23)
    expected = np.array([0.0]) if not np.isfinite(samples).all() else samples.astype(np.float64) * 2.0**23
    is_whole = (
        np.isfinite(samples).all()
        and (expected == np.rint(expected)).all()
        and (np.abs(expected) < 2**30).all()
    )
    is_whole = is_whole and not (np.signbit(samples) & (samples == 0)).any()
    assert found is None if not is_whole else found == expected.astype("<i4").tobytes()


@pytest.mark.usefixtures("_way")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(data=st.data())
def test_what_is_coded_is_deflate_that_zlib_reads(data: st.DataObject) -> None:
    """Among them counts in the ratio of Fibonacci's numbers, whose codes would be longer than deflate allows."""
    size = data.draw(st.sampled_from([1, 2, 3, 1_000, 65_535, 65_536, 65_537, 140_000]))
    kind = data.draw(st.sampled_from(["one", "few", "noise", "steep"]))
    steep = np.repeat(np.arange(24, dtype=np.uint8), [int(1.62**n) for n in range(24)])
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    made = {
        "one": np.full(size, 7, np.uint8),
        "few": random.geometric(0.4, size).astype(np.uint8),
        "noise": random.integers(0, 256, size, np.uint8),
        "steep": np.resize(random.permutation(steep), size),
    }[kind].tobytes()
    short = floats.coded(made)
    assert short == made or zlib.decompress(short, -15) == made
    assert len(short) <= len(made) and (kind in ("noise",) or size < 1_000 or len(short) < len(made))


_EVERY_LENGTH = """
import random, sys
from audio import floats
floats._LIBRARY = floats.load(sys.argv[1])
assert floats._LIBRARY is not None
chance = random.Random(4)
for frames in (1, 2, 3, 1023, 1024, 1025, 65535, 65536, 65537, 70000):
    for channels in (1, 2):
        for sound in (chance.randbytes(4 * frames * channels), bytes(4 * frames * channels)):
            floats.peak(memoryview(bytearray(sound)))
            floats.numbers(sound, 23)
            numbers = floats.numbers(sound, 0)
            for order in (1, 2):
                floats.difference_bits(numbers, channels, order)
                planes = floats.planes(numbers, channels, order)
                assert bytes(floats.unpacked(planes, channels, order, 0)) == sound
                for plane in planes:
                    assert len(floats.coded(plane)) <= len(plane)
print("clean")
"""


@pytest.mark.slow
def test_the_c_file_stays_within_its_arrays(tmp_path: Path) -> None:
    """Under the address and undefined-behaviour sanitizers, at lengths about a block's."""
    done = run_under_sanitizers(_EVERY_LENGTH, tmp_path)
    assert done.stdout.strip() == "clean", done.stderr[-3000:]
