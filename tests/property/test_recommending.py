"""Of any ranked and any new candidates: new ones have their share of every beginning of a list, and nothing else is lost for it."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from relay.features.recommending.choosing import MOST_OF_AUTHOR, Candidate, placed, spread
from relay.features.recommending.for_you import CURRENT, STRATEGIES

LIMIT = 20


def _candidates(ids: list[int], reason: str) -> list[Candidate]:
    return [Candidate(id=f"{each:02}", score=float(each), reason=reason, why="") for each in ids]


@given(
    ranked=st.lists(st.integers(0, 40), unique=True),
    fresh=st.lists(st.integers(20, 60), unique=True),
    authors=st.lists(st.integers(0, 30), min_size=61, max_size=61),
    percent=st.sampled_from([0, STRATEGIES[CURRENT].explored_percent, 50, 100]),
)
def test_what_is_new_has_its_share_of_every_beginning(
    ranked: list[int], fresh: list[int], authors: list[int], percent: int
) -> None:
    """Some that are new are ranked, too, and count where they stand."""
    owners = {f"{n:02}": str(author) for n, author in enumerate(authors)}
    best, new = spread(_candidates(ranked, "sound"), owners, LIMIT), _candidates(fresh, "new")
    chosen = [each.id for each in placed(best, new, owners, percent, LIMIT)]
    are_new = {each.id for each in new}

    assert len(set(chosen)) == len(chosen) <= LIMIT
    assert max(Counter(owners[each] for each in chosen).values(), default=0) <= MOST_OF_AUTHOR
    of_ranked = [each.id for each in best if each.id in set(chosen) and each.id not in are_new]
    assert [each for each in chosen if each not in are_new] == of_ranked, "the ranked ones keep their order"
    for n in range(1, len(chosen) + 1):
        explored = sum(each in are_new for each in chosen[:n])
        due = n * percent // 100
        others = Counter(owners[each] for each in chosen[:n])
        left = [each for each in are_new - set(chosen[:n]) if others[owners[each]] < MOST_OF_AUTHOR]
        assert explored >= due or not left, "while there are any"
