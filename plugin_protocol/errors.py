"""Errors of the plugin protocol.

ProtocolError            never raised itself
+-- LocalProtocolError   we broke the rules: a bug on this side
+-- RemoteProtocolError  the peer broke them: only decoding and `receive` raise it
    +-- CodecError       bytes that are not one well-formed message
    +-- LayoutError      a Ring header or record that contradicts itself
"""


class ProtocolError(Exception):
    """Base of the protocol's errors."""


class LocalProtocolError(ProtocolError):
    """This side used the protocol wrongly."""


class RemoteProtocolError(ProtocolError):
    """The peer sent, or wrote into shared memory, something the protocol does not allow."""


class CodecError(RemoteProtocolError):
    """Bytes that are not one well-formed message within the limits."""


class LayoutError(RemoteProtocolError):
    """A Ring whose header contradicts itself or the file it lies in.

    field: the header field at fault; found: its value; why: what the rule is.
    """

    def __init__(self, field: str, found: object, why: str) -> None:
        super().__init__(field, found, why)
        self.field = field
        self.found = found
        self.why = why

    def __str__(self) -> str:
        return f"Ring header field {self.field} is {self.found!r}: {self.why}"
