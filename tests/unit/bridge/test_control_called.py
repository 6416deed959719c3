"""Whatever can be called by a name takes any name that it may have."""

from typing import get_args

import msgspec

from bridge import control as c
from plugin_protocol.message_base import TITLE_CHARACTERS

CALLED = {"take_id", "entry_id", "set_id", "post_id", "target", "creation", "called"}


def test_a_name_of_any_length_is_asked_for_in_every_request() -> None:
    short: dict[str, int | None] = {}
    for request in get_args(c.Request):
        info = msgspec.inspect.type_info(request)
        assert isinstance(info, msgspec.inspect.StructType)
        for field in info.fields:
            of = field.type.types if isinstance(field.type, msgspec.inspect.UnionType) else (field.type,)
            texts = [each for each in of if isinstance(each, msgspec.inspect.StrType)]
            if field.name in CALLED and any((each.max_length or 0) < TITLE_CHARACTERS for each in texts):
                short[f"{request.__name__}.{field.name}"] = texts[0].max_length
    assert short == {}
