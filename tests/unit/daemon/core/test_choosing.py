"""Which plugin a keep is of when nobody says, and which one a name means."""

from itertools import permutations
from math import inf

import pytest

from daemon.core.choosing import Candidate, Label, chosen, is_late_enough, named

GUITAR = Label(instance="a1" * 16, host_name="Ardour", track_name="Guitar")
KEYS = Label(instance="b2" * 16, host_name="Ardour", track_name="Keys")
BASS = Label(instance="c3" * 16, host_name="REAPER", track_name="Bass")
NAMELESS = Label(instance="d4" * 16, host_name="Live", track_name="")


def heard(label: Label, ago_s: float | None, loudness_db: float = -20.0) -> Candidate:
    return Candidate(label=label, sounded_ago_s=ago_s, loudness_db=loudness_db)


@pytest.mark.parametrize(
    ("playing", "meant", "why"),
    [
        ([heard(GUITAR, 40.0, -3.0), heard(KEYS, 9.0, -40.0)], KEYS, "Keys (Ardour) sounded last."),
        ([heard(GUITAR, 0.0, -20.0), heard(KEYS, 1.9, -12.0)], KEYS, "was the loudest; also playing: Guitar"),
        ([heard(GUITAR, 1.0, -12.4), heard(KEYS, 0.0, -12.0)], GUITAR, "first by name of those as loud"),
        ([heard(NAMELESS, 0.0), heard(KEYS, 0.0)], KEYS, "first by name"),
        ([heard(GUITAR, None, -inf), heard(KEYS, 300.0)], KEYS, "sounded last"),
        ([heard(KEYS, None), heard(GUITAR, None), heard(BASS, None)], BASS, "None of 3 plugins has sounded"),
    ],
)
def test_it_is_the_one_that_sounded_last_then_the_loudest_then_the_first_by_name(
    playing: list[Candidate], meant: Label, why: str
) -> None:
    for order in permutations(playing):
        found, says = chosen(order)
        assert (found.label, why in says) == (meant, True), says


def test_milliseconds_decide_nothing() -> None:
    """Two tracks that play all the time: whichever block came last, it is the same one twelve times."""
    keeps = [chosen([heard(GUITAR, k * 0.01), heard(KEYS, (12 - k) * 0.01)])[0] for k in range(12)]
    assert {one.label for one in keeps} == {GUITAR}


def test_where_there_is_one_there_is_nothing_to_explain() -> None:
    assert chosen([heard(KEYS, None)]) == (heard(KEYS, None), "")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Guitar", [GUITAR]),
        (" guitar ", [GUITAR]),
        ("Keys (Ardour)", [KEYS]),
        ("gui", [GUITAR]),
        ("ardour", [GUITAR, KEYS]),
        ("b2b2", [KEYS]),
        ("b2b", []),
        ("d4" * 16, [NAMELESS]),
        ("Live [d4d4]", [NAMELESS]),
        ("nobody", []),
        ("", []),
    ],
)
def test_a_name_is_a_tracks_a_hosts_or_the_start_of_an_id(name: str, meant: list[Label]) -> None:
    assert named([GUITAR, KEYS, BASS, NAMELESS], name) == meant


def test_a_track_whose_name_looks_like_an_id_is_found_by_its_name() -> None:
    beef = Label(instance="00" * 16, host_name="Ardour", track_name="beef")
    other = Label(instance="beef" + "0" * 28, host_name="Ardour", track_name="Lead")
    assert named([other, beef], "beef") == [beef]


def test_loudness_matters_only_to_those_that_sounded_together() -> None:
    """It costs more to find than the rest, so nobody else's is asked for."""
    agos_s = [0.5, 4.4, 4.6, None]
    assert [is_late_enough(ago_s, agos_s) for ago_s in agos_s] == [True, True, False, False]
    for unasked_db in (0.0, -inf):
        assert chosen([heard(GUITAR, 4.6, unasked_db), heard(KEYS, 0.5, -60.0)])[0].label == KEYS
