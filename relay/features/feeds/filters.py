"""Which posts of a list are wanted: by tempo, key, tag, DAW and length. Values in, a condition of SQL out."""

from collections.abc import Mapping

from msgspec import Struct

from relay.core.folding import folded
from relay.core.refusal import Refusal
from relay.core.tonality import camelot, goes_with
from relay.wire.operations import FeedQuery


class Filter(Struct, frozen=True, kw_only=True):
    """condition: on `creation AS c`, "" for all; values: of its marks."""

    condition: str
    values: Mapping[str, str | int | float]


ALL = Filter(condition="", values={})
_BOUNDS = {
    "bpm_min": "c.bpm >= :bpm_min",
    "bpm_max": "c.bpm <= :bpm_max",
    "ms_min": "c.duration_ms >= :ms_min",
    "ms_max": "c.duration_ms <= :ms_max",
}


def filter_of(query: FeedQuery) -> Filter:
    """Raises Refusal: validation, for what is no key. [any]"""
    values: dict[str, str | int | float] = {}
    found: list[str] = []
    given = {
        "bpm_min": query.bpm_min,
        "bpm_max": query.bpm_max,
        "ms_min": None if query.seconds_min is None else round(query.seconds_min * 1000),
        "ms_max": None if query.seconds_max is None else round(query.seconds_max * 1000),
    }
    for name, value in given.items():
        if value is not None:
            found.append(_BOUNDS[name])
            values[name] = value
    if query.key is not None:
        keys = {f"key{n}": each for n, each in enumerate(_keys(query.key, query.key_match))}
        found.append(f"c.camelot IN ({', '.join(f':{name}' for name in keys)})")
        values |= keys
    if query.genre is not None:
        found.append(
            "(SELECT 1 FROM creation_tag AS g WHERE g.creation_id = c.id AND g.tag = :genre) IS NOT NULL"
        )
        values["genre"] = folded(query.genre)
    if query.daw is not None:
        found.append("substr(lower(c.daw), 1, :daw_length) = :daw")  # "ableton" finds Ableton Live, too
        daw = query.daw.lower()
        values |= {"daw": daw, "daw_length": len(daw)}
    return Filter(condition=" AND ".join(found), values=values)


def _keys(text: str, match: str) -> tuple[str, ...]:
    place = camelot(text)
    if place is None:
        raise Refusal(
            "validation", f"{text!r} is no key.", "Write it as Am, F# minor, Bb major, or by its hour: 8A."
        )
    return goes_with(place) if match == "compatible" else (place,)
