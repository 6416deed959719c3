"""The three data models of the first description, field by field, as JSON has them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Fits = Callable[[Any], bool]  # any: JSON


def text(value: Any) -> bool:
    return isinstance(value, str)


def whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def time(value: Any) -> bool:
    """RFC 3339, in UTC, as Go's time.Time reads it."""
    return text(value) and value.endswith("Z") and datetime.fromisoformat(value).tzinfo is not None


def unknown_or(fits: Fits) -> Fits:
    return lambda value: value is None or fits(value)


AUDIO_POST: Mapping[str, Fits] = {
    "id": text,
    "user_id": text,
    "audio_url": text,
    "waveform_svg": text,
    "bpm": unknown_or(lambda value: isinstance(value, int | float) and 0 < value < 1000),
    "key": unknown_or(text),
    "genre": lambda value: isinstance(value, list) and all(map(text, value)),
    "daw": unknown_or(text),
    "duration_bars": unknown_or(whole),
    "play_count": whole,
    "like_count": whole,
    "created_at": time,
}
PRODUCER: Mapping[str, Fits] = {
    "id": text,
    "username": text,
    "display_name": text,
    "bio": text,
    "follower_count": whole,
    "following_count": whole,
    "post_count": whole,
    "is_live": lambda value: isinstance(value, bool),
    "last_active": unknown_or(time),
    "daw_preference": unknown_or(text),
}
REACTION: Mapping[str, Fits] = {
    "id": text,
    "user_id": text,
    "post_id": text,
    "type": text,
    "emoji": text,
    "custom_data": lambda value: isinstance(value, dict),
    "created_at": time,
}


def departures(model: Mapping[str, Fits], answer: Mapping[str, Any]) -> dict[str, Any]:  # any: JSON
    """Fields of the model that an answer lacks or has as something else, with what it has."""
    return {
        name: answer.get(name, "missing")
        for name, fits in model.items()
        if name not in answer or not fits(answer[name])
    }
