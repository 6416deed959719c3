"""Two sessions joined in memory: every message goes through the codec, time moves only when told."""

from collections import deque

import msgspec

from plugin_protocol.codec import decode, encode
from plugin_protocol.layout import ABI_MAJOR, HEADER_BYTES, RECORD_BYTES
from plugin_protocol.message_base import PROTOCOL_MAX, PROTOCOL_MIN
from plugin_protocol.messages import FromDaemon, FromPlugin, Heartbeat, Hello, Message
from plugin_protocol.session import Effect, HeartbeatDue, Role, Send, Session, judge

HELLO = Hello(
    proto_min=PROTOCOL_MIN,
    proto_max=PROTOCOL_MAX,
    abi_major=ABI_MAJOR,
    header_bytes=HEADER_BYTES,
    record_bytes=RECORD_BYTES,
    instance=b"sixteen bytes id",
    plugin_version="0.1.0",
    plugin_path="/usr/lib/clap/Sidechain.clap",
    host_name="Test Host",
    pid=4242,
)


def hello(**fields: object) -> Hello:
    """HELLO with some fields changed."""
    return msgspec.structs.replace(HELLO, **fields)


class Pair:
    """A plugin's and a daemon's session, and the wire between them. `cut` makes the wire lose everything."""

    def __init__(self, now_us: int = 1_000_000) -> None:
        self.now_us = now_us
        self.cut = False
        self.plugin = Session(Role.PLUGIN, now_us=now_us)
        self.daemon = Session(
            Role.DAEMON, now_us=now_us, judge=lambda hello: judge(hello, "0.2.0", "/opt/daemon")
        )
        self.at_plugin: list[Effect] = []  # effects that are not sends
        self.at_daemon: list[Effect] = []

    def say(self, sender: Session, message: Message) -> None:
        """`sender` says `message`; it and all that follows from it is delivered."""
        self._carry(sender, sender.send(message, self.now_us))

    def pass_time(self, us: int, step_us: int = 250_000) -> None:
        """Tick both sides for `us`, the plugin beating when it should."""
        end_us = self.now_us + us
        while self.now_us < end_us:
            self.now_us = min(end_us, self.now_us + step_us)
            for session in (self.plugin, self.daemon):
                self._carry(session, session.tick(self.now_us))

    def sleep(self, us: int) -> None:
        """Time passes and nobody runs."""
        self.now_us += us

    def _carry(self, sender: Session, effects: list[Effect]) -> None:
        wire = deque((sender, effect) for effect in effects)
        while wire:
            sender, effect = wire.popleft()
            other = self.daemon if sender is self.plugin else self.plugin
            if isinstance(effect, HeartbeatDue):
                beat = sender.send(Heartbeat(process_count=1, playing=False), self.now_us)
                wire.extend((sender, said) for said in beat)
            elif not isinstance(effect, Send):
                (self.at_plugin if sender is self.plugin else self.at_daemon).append(effect)
            elif not self.cut:
                union = FromDaemon if other is self.plugin else FromPlugin
                received: Message = decode(encode(effect.message), union)
                wire.extend((other, e) for e in other.receive(received, self.now_us))
