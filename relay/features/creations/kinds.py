"""The kinds of creations: one row each. What one may do with a creation is asked of its kind's row, never of its name."""

from enum import StrEnum

from msgspec import Struct

from relay.features.creations import scores
from relay.features.creations.scores import ScoreRow


class Ability(StrEnum):
    """What one may do with a creation."""

    FEED = "feed"  # it stands in feeds, and is announced
    LIKE = "like"
    REACT = "react"
    COMMENT = "comment"
    EMBED = "embed"  # pages of others may show it, where it is public
    UPLOAD = "upload"  # its sound is what somebody sent
    REPLACE = "replace"  # and may be replaced by another
    FORK = "fork"  # others go on from it, with a copy of their own
    REMIX = "remix"  # its owner says what it was made from
    COEDIT = "coedit"  # several edit it at once


class Kind(StrEnum):
    """What a creation is; KINDS has the row of each."""

    POST = "post"
    LOOP = "loop"
    SONG = "song"
    PATTERN = "pattern"
    MACHINE = "machine"
    SAMPLE = "sample"


class KindRow(Struct, frozen=True, kw_only=True):
    """roles: of its assets, and their media types. score: of what is written down; None: it is recorded."""

    kind: Kind
    abilities: frozenset[Ability]
    roles: dict[str, str]
    score: ScoreRow | None = None


PREVIEW, LOSSLESS = "preview", "lossless"
SOUND_TYPES = {PREVIEW: "audio/mpeg", LOSSLESS: "audio/flac"}
_TALK = frozenset({Ability.LIKE, Ability.REACT, Ability.COMMENT, Ability.EMBED})
_WRITTEN = _TALK | {Ability.FORK}
_TOGETHER = _WRITTEN | {Ability.COEDIT}
KINDS = {
    row.kind: row
    for row in (
        KindRow(
            kind=Kind.POST,
            abilities=_TALK | {Ability.FEED, Ability.UPLOAD, Ability.REPLACE, Ability.REMIX},
            roles=SOUND_TYPES,
        ),
        KindRow(kind=Kind.LOOP, abilities=_TOGETHER, roles=SOUND_TYPES, score=scores.LOOP),
        KindRow(kind=Kind.SONG, abilities=_TOGETHER, roles=SOUND_TYPES, score=scores.SONG),
        KindRow(kind=Kind.PATTERN, abilities=_TOGETHER, roles=SOUND_TYPES, score=scores.PATTERN),
        KindRow(kind=Kind.MACHINE, abilities=_WRITTEN, roles=SOUND_TYPES, score=scores.MACHINE),
        KindRow(kind=Kind.SAMPLE, abilities=frozenset({Ability.UPLOAD}), roles=SOUND_TYPES),
    )
}


def with_ability(ability: Ability) -> list[Kind]:
    """The kinds that have it. [any]"""
    return [row.kind for row in KINDS.values() if ability in row.abilities]


def is_one_with(ability: Ability) -> str:
    """Whether `creation AS c` is of a kind that has it: a condition of SQL. [any]"""
    kinds = ", ".join(f"'{kind}'" for kind in with_ability(ability))
    return f"c.kind IN ({kinds})"


def score_row(kind: str) -> ScoreRow:
    """Of a kind that is written down. [any]"""
    row = KINDS[Kind(kind)].score
    assert row is not None
    return row


IN_FEEDS = is_one_with(Ability.FEED)
