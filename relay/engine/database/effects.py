"""Effects: what a commit tells the connections of every process. The door carries them and knows none of them.

Whoever builds the relay names their types once, as a union of tagged structs. Other processes may run another version:
a type that only they know is skipped, because nobody here listens for it.
"""

from collections.abc import Sequence
from typing import Any, get_args

import msgspec
from msgspec import Raw, Struct


class Effect(Struct, frozen=True, kw_only=True, tag_field="type", tag=True):
    """Something that committed and that connections must hear of. commit: number of its transaction."""

    commit: int


class _Tagged(Struct):
    type: str


class EffectTypes:
    """The registered types and their encoding in the log of commits. union: Effect types, `A | B | …`. [any]

    Raises TypeError when two of them have the same tag.
    """

    def __init__(self, union: Any) -> None:  # a union is no type for the type checker
        types = get_args(union) or (union,)
        self._types = frozenset(types)
        self._tags = frozenset(each.__struct_config__.tag for each in types)
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(union).decode
        self._decode_rows = msgspec.msgpack.Decoder(list[Raw]).decode
        self._decode_tag = msgspec.msgpack.Decoder(_Tagged).decode

    def check(self, effects: Sequence[Effect]) -> None:
        """Raises TypeError for a type that nobody registered: other processes would never hear of it."""
        for effect in effects:
            if type(effect) not in self._types:
                raise TypeError(
                    f"{type(effect).__name__} is no registered effect: name it where the relay is built."
                )

    def encode(self, effects: Sequence[Effect]) -> bytes:
        return self._encode(effects)

    def decode(self, data: bytes) -> list[Effect]:
        """Those of known types. Raises msgspec.ValidationError when one of them has not the fields that we need."""
        rows = self._decode_rows(data)
        return [self._decode(row) for row in rows if self._decode_tag(row).type in self._tags]
