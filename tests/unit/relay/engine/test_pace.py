"""Pace against a slow reading of its rule: a list of when everything went out."""

from hypothesis import given
from hypothesis import strategies as st

from relay.engine.pace import Pace

INTERVAL_US = 10


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["touch", "due", "unchanged", "forget"]), st.sampled_from("ab"), st.integers(0, 7)
        ),
        max_size=80,
    )
)
def test_each_change_goes_out_once_and_none_too_soon(steps: list[tuple[str, str, int]]) -> None:
    pace: Pace[str] = Pace(INTERVAL_US)
    now_us, waiting, went = 100, set[str](), dict[str, list[int]]()
    for what, key, pause in steps:
        now_us += pause
        if what == "touch":
            pace.touch(key)
            waiting.add(key)
        elif what == "forget":
            pace.forget(now_us)
        else:  # due; unchanged: and nothing goes
            expected = {
                each for each in waiting if each not in went or now_us - went[each][-1] >= INTERVAL_US
            }
            assert set(pace.due(now_us)) == expected
            for each in expected:
                if what == "due":
                    went.setdefault(each, []).append(now_us)
                else:
                    pace.unchanged(each)
            waiting -= expected
