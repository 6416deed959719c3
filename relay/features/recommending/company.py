"""Who gave signs to this also gave signs to that: of the table engagement, through so many people and so many posts of each.

Nothing is said of fewer than FEWEST people: what one person likes is their own.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from relay.engine.database import Connection
from relay.features.feeds.api import Sign

FEWEST = 2
MAX_PEOPLE = 100
"""Who have most in common with what is asked about."""
PEOPLE_OF_POST = 50
"""The newest who gave a post a sign."""
POSTS_OF_PERSON = 40
"""The newest that somebody gave a sign to."""
MORE = f"e.signs <> {int(Sign.PLAY)}"
"""Of `engagement AS e`: who did more than hear it."""
_PEOPLE = f"""SELECT e.creation_id, e.account_id FROM
    (SELECT c.id, coalesce((SELECT x.at_us FROM engagement AS x WHERE x.creation_id = c.id
       ORDER BY x.at_us DESC LIMIT 1 OFFSET {PEOPLE_OF_POST - 1}), 0) AS since_us
     FROM creation AS c WHERE c.id IN ({{marks}})) AS p
  JOIN engagement AS e ON e.creation_id = p.id AND e.at_us >= p.since_us WHERE e.account_id <> :viewer AND {MORE}"""
_POSTS = f"""SELECT e.account_id, e.creation_id FROM
    (SELECT a.id, coalesce((SELECT x.at_us FROM engagement AS x WHERE x.account_id = a.id
       ORDER BY x.at_us DESC LIMIT 1 OFFSET {POSTS_OF_PERSON - 1}), 0) AS since_us
     FROM account AS a WHERE a.id IN ({{marks}})) AS p
  JOIN engagement AS e ON e.account_id = p.id AND e.at_us >= p.since_us WHERE {MORE}"""


class Shared(Struct, frozen=True, kw_only=True):
    """people: who gave signs to this and to one of what is asked about. ties: of each of them, to how many. seed: to which most did."""

    people: int
    ties: int
    seed: str


def shared(db: Connection, seeds: Sequence[str], viewer: str) -> dict[str, Shared]:
    """What else people gave signs to who gave some to these, without the viewer. [any thread with a snapshot]"""
    if not seeds:
        return {}
    marks = {f"s{n}": each for n, each in enumerate(seeds)}
    seeds_of = defaultdict[str, list[str]](list)
    for seed, person in _rows(db, _PEOPLE, marks, viewer=viewer):
        seeds_of[person].append(seed)
    closest = sorted(seeds_of, key=lambda person: (-len(seeds_of[person]), person))[:MAX_PEOPLE]
    marks = {f"p{n}": each for n, each in enumerate(closest)}
    return counted(seeds_of, _rows(db, _POSTS, marks) if marks else [], set(seeds))


def counted(
    seeds_of: Mapping[str, Sequence[str]], given: Iterable[tuple[str, str]], seeds: set[str]
) -> dict[str, Shared]:
    """seeds_of: by people; given: people, and what they gave signs to. Of FEWEST people and more. [any]"""
    people = defaultdict[str, list[str]](list)
    for person, post in given:
        if post not in seeds:
            people[post].append(person)
    found = dict[str, Shared]()
    for post, givers in people.items():
        if len(givers) < FEWEST:
            continue
        ties = Counter(seed for person in givers for seed in seeds_of[person])
        seed, _ = min(ties.items(), key=lambda item: (-item[1], item[0]))
        found[post] = Shared(people=len(givers), ties=ties.total(), seed=seed)
    return found


def _rows(db: Connection, sql: str, marks: Mapping[str, str], **values: str) -> list[tuple[str, str]]:
    names = ", ".join(f":{mark}" for mark in marks)
    return [(one, other) for one, other in db.execute(sql.format(marks=names), {**marks, **values})]
