"""What somebody may like: of what people like who like what they like, of what sounds like it, of what many like now; and, at fixed
places, of what few know yet. Nothing that they know already, or have hidden.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

from msgspec import Struct

from relay.core.visibility import PUBLIC
from relay.engine.database import Connection
from relay.features.creations import api as creations
from relay.features.creations.api import Detail, Kind
from relay.features.feeds.api import KNOWN_TO
from relay.features.graph.api import not_muted
from relay.features.recommending import company, feedback, lists, vectors
from relay.features.recommending.choosing import Candidate, placed, quoted, spread
from relay.features.recommending.company import Shared
from relay.features.recommending.feedback import Feedback
from relay.features.recommending.lists import Fact
from relay.features.recommending.sounds import Sounds

SEEDS = 40
"""The newest posts that somebody gave a sign to, or wants more like."""
HEARD = 40
"""Of them: with whose sound others are compared."""
NEAREST = 400
POPULAR = 100
UNKNOWN = 200
"""The newest that few know, of which, and of what sounds right, the places for such are filled."""
SKIPPED = 500
AGAINST = 0.5
"""What likeness to something disliked takes from likeness to something liked."""
SKIPPED_SHARE = 0.3
"""Of the score of what was skipped."""
_SEEDS = f"""SELECT e.creation_id FROM engagement AS e WHERE e.account_id = :viewer AND {company.MORE}
  ORDER BY e.at_us DESC, e.creation_id LIMIT {SEEDS}"""
_BEST = f"""SELECT c.id FROM creation AS c WHERE c.kind = '{Kind.POST}' AND {PUBLIC} AND {not_muted("c.owner_id")}
  AND c.people {{which}} ORDER BY c.hot_us DESC, c.id DESC LIMIT {{limit}}"""
_KNOWN = _BEST.format(which=f">= {KNOWN_TO}", limit=POPULAR)
_UNKNOWN = _BEST.format(which=f"< {KNOWN_TO}", limit=UNKNOWN)


class Strategy(Struct, frozen=True, kw_only=True):
    """What each kind of reason weighs at most. fame: to which power how many people know a post lowers what ties of people say for it.

    explored_percent: of every beginning of a list, what fewer than KNOWN_TO people know. Such a post has one reason of three at most, its sound:
    by score alone it would hardly ever stand there.
    """

    company: float
    sound: float
    many: float
    fame: float
    explored_percent: int


STRATEGIES = {
    1: Strategy(company=1.0, sound=1.0, many=0.3, fame=0.5, explored_percent=10),
    2: Strategy(company=1.0, sound=2.0, many=0.5, fame=0.25, explored_percent=30),
}
"""By their versions; benchmarks/bench_recommend.py plays the newest two."""
CURRENT = max(STRATEGIES)


class Taste(Struct, frozen=True, kw_only=True):
    """What is known of somebody, the newest first: posts that they like, would rather not hear the like of, and skipped."""

    liked: Sequence[str]
    disliked: Sequence[str]
    skipped: frozenset[str]


class Similarity(Struct, frozen=True, kw_only=True):
    """likeness to what they like, 0 to 1; seed: to which of it most."""

    likeness: float
    seed: str


def taste(db: Connection, viewer: str) -> Taste:
    """[any thread with a snapshot]"""
    given = [id_ for (id_,) in db.execute(_SEEDS, {"viewer": viewer}).fetchall()]
    disliked = feedback.newest(db, viewer, Feedback.DISLIKE, SEEDS)
    wanted = [*feedback.newest(db, viewer, Feedback.LIKE, SEEDS), *given]
    against = {*disliked, *feedback.newest(db, viewer, Feedback.HIDE, SEEDS)}
    return Taste(
        liked=[each for each in dict.fromkeys(wanted) if each not in against][:SEEDS],
        disliked=disliked,
        skipped=frozenset(feedback.newest(db, viewer, Feedback.SKIP, SKIPPED)),
    )


def for_you(
    db: Connection,
    sounds: Sounds,
    noted: int,
    viewer: str,
    limit: int,
    base_url: str,
    strategy: Strategy = STRATEGIES[CURRENT],
) -> list[Detail]:
    """noted: see Sounds. [any thread with a snapshot]"""
    known = taste(db, viewer)
    heard = _heard(db, sounds, noted, known)
    together = company.shared(db, known.liked, viewer)
    popular, unknown = ([id_ for (id_,) in db.execute(sql, {"viewer": viewer})] for sql in (_KNOWN, _UNKNOWN))
    facts = lists.facts(
        db, list(dict.fromkeys(chain(heard, together, popular, unknown))), viewer, new_to=True
    )
    titles = creations.readable_titles(db, known.liked, viewer)
    ranked = _ranked(strategy, known, heard, together, popular, facts, titles)
    fresh = [
        Candidate(
            id=id_,
            score=_share(known, id_) * (heard[id_].likeness if id_ in heard else 0.0),
            reason="new",
            why=NEW,
        )
        for id_ in dict.fromkeys(chain(unknown, heard))
        if id_ in facts and facts[id_].people < KNOWN_TO
    ]
    fresh.sort(key=lambda each: -each.score)  # of equal ones, as the list has them: the newest first
    owners = {id_: each.owner_id for id_, each in facts.items()}
    chosen = placed(spread(ranked, owners, len(ranked)), fresh, owners, strategy.explored_percent, limit)
    return lists.details(db, chosen, viewer, base_url)


NEW = "New here: few know it yet."
MANY = "Many people like this now."


def _heard(db: Connection, sounds: Sounds, noted: int, known: Taste) -> dict[str, Similarity]:
    """What sounds like something liked, and not like what is disliked."""
    liked = [(id_, each) for id_, each in vectors.vectors_of(db, known.liked[:HEARD]).items()]
    disliked = list(vectors.vectors_of(db, known.disliked[:HEARD]).values())
    near = sounds.nearest(db, noted, [each for _, each in liked], NEAREST, disliked, AGAINST)
    return {
        each.creation_id: Similarity(likeness=each.likeness, seed=liked[each.seed][0])
        for each in near
        if each.likeness > 0
    }


def _ranked(
    strategy: Strategy,
    known: Taste,
    heard: Mapping[str, Similarity],
    together: Mapping[str, Shared],
    popular: Sequence[str],
    facts: Mapping[str, Fact],
    titles: Mapping[str, str],
) -> list[Candidate]:
    """Everything that may be shown, with the greatest of its reasons."""
    ties = {
        id_: each.ties / (1 + facts[id_].people) ** strategy.fame
        for id_, each in together.items()
        if id_ in facts
    }
    most = max(ties.values(), default=1.0)
    likest = max((each.likeness for id_, each in heard.items() if id_ in facts), default=1.0)
    crowd = max((facts[id_].people for id_ in popular if id_ in facts), default=1)
    found = list[Candidate]()
    for id_ in facts:
        reasons = {
            "people": strategy.company * ties.get(id_, 0.0) / most,
            "sound": strategy.sound * heard[id_].likeness / likest if id_ in heard else 0.0,
            "hot": strategy.many * facts[id_].people / crowd if id_ in popular else 0.0,
        }
        score = _share(known, id_) * sum(reasons.values())
        if score > 0:
            reason = max(reasons, key=lambda each: reasons[each])
            seed = together[id_].seed if reason == "people" else heard[id_].seed if reason == "sound" else ""
            found.append(Candidate(id=id_, score=score, reason=reason, why=_why(reason, titles.get(seed))))
    return found


def _share(known: Taste, id_: str) -> float:
    return SKIPPED_SHARE if id_ in known.skipped else 1.0


def _why(reason: str, title: str | None) -> str:
    """title None: the viewer may not read of what it is any more."""
    if reason == "hot":
        return MANY
    what = "what you like" if title is None else quoted(title)
    if reason == "people":
        return f"People who like {what} like this."
    return f"Sounds like {what}." if title is None else f"Sounds like {what}, which you like."
