"""What was made in the studio, as pages show and play it: its picture, and its score for the page's script."""

import msgspec
from msgspec import Struct

from audio.score.shapes import BadScore
from relay.core.refusal import Refusal
from relay.engine.database import Connection
from relay.features.creations.kinds import score_row
from relay.features.creations.score_drawing import Drawing, drawing_of
from relay.features.creations.scores import LOOP, stored
from relay.features.creations.written import head, loops_named


class ScoreView(Struct, frozen=True, kw_only=True):
    """data: JSON of kind, body and the loops that a song names (score_player.js). drawing None: it does not sound, for this trouble."""

    kind: str
    data: str
    drawing: Drawing | None
    trouble: str = ""


def score_view(db: Connection, creation_id: str, owner_id: str) -> ScoreView | None:
    """A song sounds as for its owner, whoever looks at it. None: it is recorded, or not there. [any thread with a snapshot]"""
    try:
        was = head(db, creation_id)
    except Refusal:
        return None
    row = score_row(was.kind)
    shape = stored(row, was.text)
    texts = loops_named(db, row.rules.named(shape), owner_id)
    data = {
        "kind": was.kind,
        "body": msgspec.Raw(was.text.encode()),
        "loops": {each: msgspec.Raw(text.encode()) for each, text in texts.items()},
    }
    drawing, trouble = None, ""
    try:
        loops = {each: stored(LOOP, text) for each, text in texts.items()}
        drawing = drawing_of(shape, row.rules.compiled(shape, loops), loops)
    except BadScore as error:
        is_short = texts.keys() < row.rules.named(shape)
        trouble = "A loop that it is made of is not there any more." if is_short else str(error)
    return ScoreView(kind=was.kind, data=msgspec.json.encode(data).decode(), drawing=drawing, trouble=trouble)
