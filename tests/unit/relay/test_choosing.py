"""Of candidates for a list: the best, few of one author; and which tempos go together."""

import pytest

from relay.features.recommending.choosing import MOST_OF_AUTHOR, Candidate, quoted, spread, tempo_spans
from relay.features.recommending.company import FEWEST, counted


def candidate(id_: str, score: float) -> Candidate:
    return Candidate(id=id_, score=score, reason="sound", why="")


def test_the_best_stand_first_and_few_of_one_author() -> None:
    given = [candidate(each, 10 - n) for n, each in enumerate("abcdef")]
    owners = {"a": "anna", "b": "anna", "c": "anna", "d": "ben", "f": "ben"}  # e is not to be seen
    assert MOST_OF_AUTHOR == 2
    assert [each.id for each in spread(given, owners, 9)] == ["a", "b", "d", "f"]
    assert [each.id for each in spread(given, owners, 1)] == ["a"]


@pytest.mark.parametrize(
    ("bpm", "fits"),
    [
        (120, True),
        (124.7, True),
        (125, False),
        (60, True),
        (58, True),
        (241, True),
        (115.5, True),
        (115, False),
        (90, False),
    ],
)
def test_tempos_fit_within_some_percent_also_half_and_twice(bpm: float, fits: bool) -> None:
    assert any(low <= bpm <= high for low, high in tempo_spans(120)) is fits


def test_company_is_of_two_people_at_least_and_names_what_most_of_them_like() -> None:
    seeds_of = {"p": ["x"], "q": ["x", "y"], "r": ["y"]}
    given = [("p", "a"), ("q", "a"), ("r", "b"), ("p", "x"), ("q", "x"), ("q", "c"), ("p", "c"), ("r", "c")]
    found = counted(seeds_of, given, {"x", "y"})
    assert FEWEST == 2 and set(found) == {"a", "c"}
    assert (found["a"].people, found["a"].ties, found["a"].seed) == (2, 3, "x")
    assert (found["c"].people, found["c"].seed) == (3, "x")


def test_a_title_in_a_sentence() -> None:
    assert (quoted("Night bus"), quoted("")) == ("“Night bus”", "an untitled post")
