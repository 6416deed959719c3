"""The common shape of control messages, and the bounds they share. The messages are in control.py."""

from typing import Annotated

from msgspec import Meta, Struct

from plugin_protocol.messages import U63

MAX_LIST = 500

Limit = Annotated[int, Meta(ge=1, le=MAX_LIST)]


class ControlMessage(Struct, frozen=True, kw_only=True, tag_field="t"):
    """Not a message itself."""

    id: U63 = 0
