"""What was made before: found again whole, bounded, and never in the way."""

import os
from pathlib import Path

import numpy as np
import pytest

from daemon.features.rendering.render_cache import ENTRY_SHARE, Cache, content_key

LIMIT_BYTES = 10_000
KEYS = [f"{number:064x}" for number in range(20)]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "data" / "cache", LIMIT_BYTES)


def used(cache: Cache, key: str, at_s: int) -> None:
    """As if it was used at that time: file systems may count in whole ticks."""
    os.utime(cache._folder / key, (at_s, at_s))


def test_what_was_put_is_found_and_nothing_else(cache: Cache) -> None:
    assert cache.get(KEYS[0]) is None
    cache.put(KEYS[0], b"made")
    assert (cache.get(KEYS[0]), cache.get(KEYS[1])) == (b"made", None)
    assert (cache._folder.stat().st_mode & 0o777, cache._folder.parent.stat().st_mode & 0o777) == (
        0o700,
        0o700,
    )


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "longer"])
def test_a_file_that_is_not_what_it_was_is_no_result(cache: Cache, harm: str) -> None:
    cache.put(KEYS[0], bytes(1000))
    path = cache._folder / KEYS[0]
    data = bytearray(path.read_bytes())
    data[500] ^= 1
    path.write_bytes(
        {"flip": bytes(data), "cut": data[:700], "empty": b"", "longer": path.read_bytes() + b"x"}[harm]
    )
    assert cache.get(KEYS[0]) is None
    assert not path.exists(), "it would be hashed in vain each time"
    cache.put(KEYS[0], b"again")
    assert cache.get(KEYS[0]) == b"again"


def test_the_least_recently_used_go_first_and_the_limit_holds(cache: Cache) -> None:
    for number, key in enumerate(KEYS[:4]):
        cache.put(key, bytes(2_400))
        used(cache, key, number + 1)
    assert cache.get(KEYS[0]) is not None  # used now
    cache.put(KEYS[4], bytes(2_400))
    assert [cache.get(key) is not None for key in KEYS[:5]] == [True, False, True, True, True]
    for key in KEYS:
        cache.put(key, bytes(700))
        assert sum(path.stat().st_size for path in cache._folder.iterdir()) <= LIMIT_BYTES


def test_what_would_drive_out_all_others_is_not_stored(cache: Cache) -> None:
    cache.put(KEYS[0], b"small")
    cache.put(KEYS[1], bytes(LIMIT_BYTES // ENTRY_SHARE))
    assert (cache.get(KEYS[0]), cache.get(KEYS[1])) == (b"small", None)


def test_a_folder_that_cannot_be_used_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file stands in the way")
    cache = Cache(tmp_path / "cache", LIMIT_BYTES)
    cache.put(KEYS[0], b"made")
    assert cache.get(KEYS[0]) is None


def test_the_key_names_samples_rate_shape_and_settings() -> None:
    sound = np.linspace(-1, 1, 100, dtype=np.float32).reshape(50, 2)
    other = sound.copy()
    other[7, 1] = np.nextafter(other[7, 1], np.float32(2))
    keys = [
        content_key(sound, 48_000, b"s"),
        content_key(sound, 44_100, b"s"),
        content_key(sound, 48_000, b"t"),
        content_key(other, 48_000, b"s"),
        content_key(sound.reshape(100, 1), 48_000, b"s"),
    ]
    assert len(set(keys)) == len(keys)
    assert content_key(np.asfortranarray(sound), 48_000, b"s") == keys[0], (
        "the same samples, however they lie"
    )
