"""The matrix of sounds: exact, as full as it may be, and as it was changed last."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio.analyse.likeness_scale import DIMENSIONS
from relay.features.recommending import matrix as module
from relay.features.recommending.matrix import Matrix
from relay.features.recommending.vectors import MAX_VECTORS


def unit(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    rows = rng.normal(size=(count, DIMENSIONS)).astype(np.float32)
    made: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return made


CHANGE = st.dictionaries(st.integers(0, 30), st.booleans(), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGE, max_size=6), st.integers(1, 40))
def test_it_finds_what_a_walk_through_all_of_them_finds(changes: list[dict[int, bool]], count: int) -> None:
    rng = np.random.default_rng(7)
    made, held = Matrix(most=100), dict[str, NDArray[np.float32]]()
    for change in changes:
        rows = dict(zip(change, unit(rng, len(change)), strict=True))
        made.change({str(n): rows[n].tobytes() if stays else None for n, stays in change.items()})
        for n, stays in change.items():
            held.pop(str(n), None)
            if stays:
                held[str(n)] = rows[n]
    wanted, against = unit(rng, 3), unit(rng, 2)
    found = made.nearest(
        [each.tobytes() for each in wanted], count, [each.tobytes() for each in against], 0.5
    )
    scores = {
        id_: float((wanted @ row).mean() - 0.5 * max(0.0, *(against @ row))) for id_, row in held.items()
    }
    best = sorted(scores, key=lambda id_: -scores[id_])[:count]
    assert len(made) == len(held) and [near.creation_id for near in found] == best
    for near in found:
        assert near.likeness == pytest.approx(scores[near.creation_id], abs=1e-5)
        assert near.seed == int(np.argmax(wanted @ held[near.creation_id]))


def test_what_came_first_makes_room_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 2)
    made, rows = Matrix(most=5), unit(np.random.default_rng(1), 8)
    for n, row in enumerate(rows):
        made.change({str(n): row.tobytes()})
    found = {near.creation_id for near in made.nearest([rows[0].tobytes()], 10)}
    assert len(made) == 5 and found == {"3", "4", "5", "6", "7"}


def test_what_it_takes_up_is_bounded() -> None:
    """MAX_VECTORS of 48 float32 and an id of 32 bytes are 64 MiB."""
    assert MAX_VECTORS == 300_000
    made, row = Matrix(most=1_000), unit(np.random.default_rng(1), 1)[0].tobytes()
    made.change({str(n): row for n in range(3_000)})
    assert len(made) == 1_000 and made.size_bytes == 1_000 * (4 * DIMENSIONS + 32)
    assert made.size_bytes // 1_000 * MAX_VECTORS < 65 << 20


def test_nothing_is_near_where_there_is_nothing() -> None:
    row = unit(np.random.default_rng(1), 1)[0].tobytes()
    made = Matrix(most=5)
    assert made.nearest([row], 3) == [] and made.nearest([], 3) == []
    made.change({"a": row})
    made.change({"a": None})
    assert made.nearest([row], 3) == []
