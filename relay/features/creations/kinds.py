"""The kinds of creations: one row each. What one may do with a creation is asked of its kind's row, never of its name."""

from enum import StrEnum

from msgspec import Struct


class Ability(StrEnum):
    """What one may do with a creation."""

    FEED = "feed"  # it stands in feeds, and is announced
    LIKE = "like"
    REACT = "react"
    COMMENT = "comment"
    EMBED = "embed"  # pages of others may show it, where it is public


class Kind(StrEnum):
    """What a creation is; KINDS has the row of each."""

    POST = "post"


class KindRow(Struct, frozen=True, kw_only=True):
    """roles: of its assets, and their media types."""

    kind: Kind
    abilities: frozenset[Ability]
    roles: dict[str, str]


PREVIEW, LOSSLESS = "preview", "lossless"
KINDS = {
    row.kind: row
    for row in (
        KindRow(
            kind=Kind.POST,
            abilities=frozenset({Ability.FEED, Ability.LIKE, Ability.REACT, Ability.COMMENT, Ability.EMBED}),
            roles={PREVIEW: "audio/mpeg", LOSSLESS: "audio/flac"},
        ),
    )
}


def with_ability(ability: Ability) -> list[Kind]:
    """The kinds that have it. [any]"""
    return [row.kind for row in KINDS.values() if ability in row.abilities]


def is_one_with(ability: Ability) -> str:
    """Whether `creation AS c` is of a kind that has it: a condition of SQL. [any]"""
    kinds = ", ".join(f"'{kind}'" for kind in with_ability(ability))
    return f"c.kind IN ({kinds})"
