"""Every field of the relay's wire is bounded: no number that a column or a double cannot hold, no text with what is not seen."""

import importlib
import inspect
import math
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import msgspec
import pytest
from msgspec.inspect import (
    DictType,
    Field,
    FloatType,
    IntType,
    ListType,
    Metadata,
    StrType,
    StructType,
    Type,
    UnionType,
    multi_type_info,
)

import relay.wire
from relay.wire import (
    analytics_operations,
    beat_operations,
    beat_people_operations,
    creation_operations,
    guest_operations,
    instrument_operations,
    migration_operations,
    operations,
    playground_operations,
    recommending_operations,
    sample_operations,
    social_operations,
)
from relay.wire.operations import Operation

UNSEEN = ["\n", "\x00", "\x1b", "\u202e", "\u2066", "\u2028", "\ud800"]
NUMBERS = [math.nan, math.inf, -math.inf, -(1 << 63), 1 << 63, 1 << 64]
LINES = {
    "Producer.bio",
    "Me.bio",
    "ProfileEdit.bio",
    "OwnUser.bio",
    "PublicUser.bio",
    "UserEdit.bio",
    "UserEdited.bio",
    "NewComment.text",
    "CommentEdit.text",
    "Comment.text",
    "Notification.text",
    "RepostRequest.text",
    "FeedPost.repost_text",
    "Repost.text",
    "NewReport.text",
    "Reported.texts",
    "Reported.words",
    "Decision.note",
    "NewAppeal.text",
    "Appeal.text",
    "Appeal.answer",
    "AppealAnswer.answer",
    "Audited.note",
    "Audited.words",
    "BeatComment.text",
    "BeatCommentGiven.text",
    *(f"{each}Score.description" for each in ("Machine", "Pattern")),
    *(f"Library{each}.description" for each in ("", "Edit", "Given", "Summary")),
    *(f"Creation{each}.description" for each in ("", "Item")),
    *(f"Pattern{each}.description" for each in ("", "Content", "Edit", "Given", "Summary", "Version")),
}
"""What may have more than one line."""
HELD = (1 << 53) - 1


def every_module() -> list[ModuleType]:
    """Of the wire, also those that are added."""
    return [
        importlib.import_module(f"relay.wire.{each.name}")
        for each in pkgutil.iter_modules(relay.wire.__path__)
    ]


def structs(*modules: ModuleType) -> list[type]:
    return [
        kind
        for module in modules
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
    ]


def leaves(kind: Type) -> Iterator[Type]:
    """What a field may hold, without its containers. Structs are looked at by themselves."""
    match kind:
        case UnionType(types=types):
            for each in types:
                yield from leaves(each)
        case ListType(item_type=item):
            yield from leaves(item)
        case DictType(key_type=key, value_type=value):
            yield from leaves(key)
            yield from leaves(value)
        case Metadata(type=inner):
            yield from leaves(inner)
        case _:
            yield kind


def fields_of(leaf: type) -> list[tuple[str, Type]]:
    found = []
    for info in multi_type_info(structs(*every_module())):
        info = info.type if isinstance(info, Metadata) else info
        assert isinstance(info, StructType)
        field: Field
        for field in info.fields:
            found += [
                (f"{info.cls.__name__}.{field.name}", each)
                for each in leaves(field.type)
                if isinstance(each, leaf)
            ]
    assert found
    return found


def as_annotated(info: StrType | IntType | FloatType) -> object:
    """The type again, with nothing but its bounds."""
    from typing import Annotated

    if isinstance(info, StrType):
        meta = msgspec.Meta(min_length=info.min_length, max_length=info.max_length, pattern=info.pattern)
        return Annotated[str, meta]
    meta = msgspec.Meta(ge=info.ge, le=info.le, gt=info.gt, lt=info.lt)
    return Annotated[int if isinstance(info, IntType) else float, meta]


def holds(kind: object, value: object) -> bool:
    """Whether it decodes, by both encodings that can say it."""
    try:
        msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return False
    except (OverflowError, UnicodeEncodeError):  # msgpack has no such number, UTF-8 no such character
        try:
            msgspec.convert(value, kind)
        except (msgspec.ValidationError, UnicodeEncodeError):
            return False
    return True


@pytest.mark.parametrize(
    ("name", "info"), fields_of(IntType) + fields_of(FloatType), ids=lambda each: str(each)[:60]
)
def test_no_number_is_wider_than_what_holds_it(name: str, info: IntType | FloatType) -> None:
    kind = as_annotated(info)
    for value in NUMBERS:
        if isinstance(info, FloatType) or not isinstance(value, float):
            assert not holds(kind, value), (name, value)
    assert info.ge is not None or info.gt is not None, name
    most = info.le if info.le is not None else info.lt
    assert most is not None and most <= HELD, name


@pytest.mark.parametrize(("name", "info"), fields_of(StrType), ids=lambda each: str(each)[:60])
def test_no_text_has_what_is_not_seen(name: str, info: StrType) -> None:
    assert info.max_length is not None or "}" in (info.pattern or ""), f"{name} has any length"
    kind = as_annotated(info)
    for fine in ("", "a", "A" * 43, "a" * 32, "abc", "2026-11-21T03:52:07.123456Z", "🔥", "8A", "11d"):
        if holds(kind, fine):
            for unseen in UNSEEN if name not in LINES else UNSEEN[1:]:
                assert not holds(kind, fine + unseen), (name, fine + unseen)
                assert not holds(kind, unseen + fine), (name, unseen + fine)
    assert info.pattern is None or info.pattern.endswith(r"\Z"), name


@pytest.mark.parametrize(
    "shape",
    sorted(
        {
            kind
            for module in (
                operations,
                beat_operations,
                analytics_operations,
                beat_people_operations,
                creation_operations,
                guest_operations,
                migration_operations,
                playground_operations,
                recommending_operations,
                sample_operations,
                instrument_operations,
                social_operations,
            )
            for row in vars(module).values()
            if isinstance(row, Operation)
            for kind in (row.body, row.query, row.reply)
        },
        key=repr,
    ),
)
def test_every_shape_of_an_operation_can_be_read(shape: type) -> None:
    """What a decoder cannot be made of fails where it is first needed, at somebody's desk."""
    msgspec.json.Decoder(shape)
