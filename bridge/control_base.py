"""The common shape of control messages, the bounds they share, and the replies that any request may have. The messages are in control.py."""

from typing import Annotated

from msgspec import Meta, Struct

from plugin_protocol.message_base import U63, Line, Short

MAX_LIST = 500

Limit = Annotated[int, Meta(ge=1, le=MAX_LIST)]
Called = Annotated[str, Meta(max_length=1024)]
"""What a person calls something that is there: the start of an id, a name, an address where it has one, or "last"."""


class ControlMessage(Struct, frozen=True, kw_only=True, tag_field="t"):
    """Not a message itself."""

    id: U63 = 0


class Done(ControlMessage, frozen=True, kw_only=True, tag="done"):
    """Carried out; there is nothing to say."""


class Failed(ControlMessage, frozen=True, kw_only=True, tag="failed"):
    """The request was not carried out. `code` is stable; `message` is a sentence; `next_step` says what to do."""

    code: Short
    message: Line
    next_step: Line = ""
