"""What is like a post, and what goes with it in a mix. Whoever may read the post may ask; what is shown is for everybody."""

from relay.core.tonality import camelot
from relay.engine.database import Connection
from relay.features.creations import api as creations
from relay.features.creations.api import Detail, Kind
from relay.features.graph.api import not_muted
from relay.features.recommending import company, lists, vectors
from relay.features.recommending.choosing import Candidate, keys_with, quoted, tempo_spans
from relay.features.recommending.sounds import Sounds
from relay.wire.rest import AudioPost

NEAREST = 200
"""Posts that are looked at for a list of what sounds alike."""
LEAST_LIKENESS = 0.2
"""Unrelated clips lie around 0 (audio.analyse.likeness)."""
COMPANY_WEIGHT = 0.5
"""Of people who like both, beside the likeness of the sound."""
REACH = 5_000
"""The newest posts of all, that are looked at for what goes with one."""
MAX_FITTING = 500
"""Of those: of so many the timbre is compared."""
_FITTING = f"""SELECT c.id, c.camelot, c.bpm FROM (
    SELECT n.id FROM creation AS n WHERE n.kind = '{Kind.POST}' AND n.state = 'ready' AND n.visibility = 'public'
      AND n.owner_state = 'open' ORDER BY n.published_us DESC, n.id DESC LIMIT {REACH}) AS w
  JOIN creation AS c ON c.id = w.id WHERE c.id <> :id AND c.camelot IN ({{keys}}) AND ({{tempos}})
    AND {not_muted("c.owner_id")} LIMIT {MAX_FITTING}"""


def similar(
    db: Connection, sounds: Sounds, noted: int, post_id: str, viewer: str, limit: int, base_url: str
) -> list[Detail]:
    """By its sound, and by who likes it. noted: see Sounds. Raises Refusal: not_found, gone. [any thread with a snapshot]"""
    post = creations.one(db, post_id, viewer, base_url).post
    title = quoted(post.title)
    scores, reasons = dict[str, float](), dict[str, tuple[str, str]]()
    vector = vectors.vector_of(db, post_id)
    for near in sounds.nearest(db, noted, [vector] if vector else [], NEAREST):
        if near.creation_id != post_id and near.likeness >= LEAST_LIKENESS:
            scores[near.creation_id] = near.likeness
            reasons[near.creation_id] = ("sound", f"Sounds like {title}.")
    together = company.shared(db, [post_id], viewer)
    most = max((each.people for each in together.values()), default=1)
    for id_, each in together.items():
        share = COMPANY_WEIGHT * each.people / most
        if share > scores.get(id_, 0.0):
            reasons[id_] = ("people", f"{each.people} people who like {title} like this.")
        scores[id_] = scores.get(id_, 0.0) + share
    candidates = [
        Candidate(id=id_, score=score, reason=reasons[id_][0], why=reasons[id_][1])
        for id_, score in scores.items()
        if id_ != post_id
    ]
    return lists.best(db, candidates, viewer, limit, base_url)


def goes_with(db: Connection, post_id: str, viewer: str, limit: int, base_url: str) -> list[Detail]:
    """Of fitting key and tempo, the likest timbre first; nothing where either is unknown. Raises Refusal: not_found, gone.
    [any thread with a snapshot]
    """
    post = creations.one(db, post_id, viewer, base_url).post
    fitting = _fitting(db, post, viewer)
    vector, known = vectors.vector_of(db, post_id), vectors.vectors_of(db, fitting)
    likeness = dict.fromkeys(fitting, 0.0)
    if vector is not None:
        from relay.features.recommending.matrix import by_timbre  # numpy, only where somebody asks

        likeness |= {near.creation_id: near.likeness for near in by_timbre(vector, known)}
    candidates = [
        Candidate(id=id_, score=1.0 + likeness[id_], reason="mix", why=f"Goes with it: {key}, {bpm:g} BPM.")
        for id_, (key, bpm) in fitting.items()
    ]
    return lists.best(db, candidates, viewer, limit, base_url)


def _fitting(db: Connection, post: AudioPost, viewer: str) -> dict[str, tuple[str, float]]:
    """Hour of the key and tempo by ids."""
    place = None if post.key is None else camelot(post.key)
    if place is None or post.bpm is None:
        return {}
    keys = {f"key{n}": each for n, each in enumerate(keys_with(place))}
    bounds, tempos = dict[str, float](), list[str]()
    for n, (low, high) in enumerate(tempo_spans(post.bpm)):
        bounds |= {f"low{n}": low, f"high{n}": high}
        tempos.append(f"c.bpm BETWEEN :low{n} AND :high{n}")
    sql = _FITTING.format(keys=", ".join(f":{mark}" for mark in keys), tempos=" OR ".join(tempos))
    rows = db.execute(sql, {**keys, **bounds, "id": post.id, "viewer": viewer})
    return {id_: (key, bpm) for id_, key, bpm in rows}
