"""Ids and names: what is typed means one thing, or it is said that it means several; and a short id means only its own."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.crash_loop import CRASHES, WINDOW_US, is_loop, recent
from daemon.core.meant import MIN_SHORT_CHARACTERS, called, meant, short_id
from daemon.core.versions import is_newer
from relay.wire.ids import uuid7

IDS = st.lists(
    st.builds(uuid7, st.integers(10**12, 10**12 + 40), st.binary(min_size=10, max_size=10)),
    unique=True,
    min_size=1,
)


@given(IDS)
def test_a_short_id_is_unique_also_among_those_of_one_millisecond(ids: list[str]) -> None:
    ordered = sorted(ids)
    for at, own in enumerate(ordered):
        short = short_id(own, [*ordered[max(0, at - 1) : at], *ordered[at + 1 : at + 2]])
        assert [each for each in ids if each.startswith(short)] == [own]
        assert len(short) >= MIN_SHORT_CHARACTERS and not short.endswith("-")


def test_an_id_counts_before_a_name_and_nothing_means_nothing() -> None:
    things = [("abc1", "Night Idea"), ("abc2", "abc"), ("xyz9", "night  idea")]

    def found(said: str) -> list[str]:
        return [one for one, _ in meant(said, things, ids=lambda t: (t[0],), name=lambda t: t[1])]

    assert found("abc1") == ["abc1"] and found("abc") == ["abc1", "abc2"]
    assert found("NIGHT idea") == ["abc1", "xyz9"] and found("night") == [] and found("") == []
    assert not called("", "") and not called(" ", " ")


def test_three_crashes_within_minutes_are_a_loop() -> None:
    now_us = 10**15
    close = [now_us - k * 1_000_000 for k in range(CRASHES)]
    assert is_loop(close, now_us) and not is_loop(close[1:], now_us)
    assert not is_loop([now_us - WINDOW_US - 1, *close[1:]], now_us)
    assert recent([now_us + 1], now_us) == [], "a clock that was set back"


def test_the_newer_of_two_versions() -> None:
    assert is_newer("0.10.0", "0.9.1") and is_newer("v1.0", "0.9.9.9") and is_newer("1.0.1", "1.0")
    for one, than in (
        ("1.0", "1.0.0"),
        ("0.9", "0.10"),
        ("2.0rc1", "1.0"),
        ("latest", "1.0"),
        ("2.0", "unknown"),
    ):
        assert not is_newer(one, than), (one, than)
    assert not is_newer("0.0.0", "0.0.0+unknown")
