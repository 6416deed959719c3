"""Sentences that a person should see besides the one state: in the status, and what concerns plugins in their windows."""

import time

from bridge.plugin_endpoint import PluginEndpoint
from daemon.features.history.journal import Journal
from plugin_protocol.messages import Notice

TROUBLE_SHOWN_S = 60.0
NOTICE_CHARACTERS = 512
BARE_KEY = "The device key lies in a file that is not encrypted, as credential_store asks for."


class Notices:
    """What was found at the start stays; a trouble is shown for TROUBLE_SHOWN_S. [loop]"""

    def __init__(self) -> None:
        self._standing: list[str] = []
        self._trouble_s, self._trouble = 0.0, ""
        self._told: set[tuple[bytes, str]] = set()

    def add(self, sentence: str) -> None:
        self._standing.append(sentence)

    def trouble(self, sentence: str) -> None:
        self._trouble_s, self._trouble = time.monotonic(), sentence

    def lines(self, journal: Journal, bare_key: bool) -> list[str]:
        """All of now. bare_key: a claimed device whose key is not in a keyring."""
        recent = self._trouble and time.monotonic() - self._trouble_s < TROUBLE_SHOWN_S
        return [
            *self._standing,
            *([BARE_KEY] if bare_key else []),
            *(f"{found} `sidechain recover` keeps it." for found in journal.news()),
            *([journal.trouble] if journal.trouble else []),
            *([self._trouble] if recent else []),
        ]

    async def tell(self, plugins: PluginEndpoint, news: list[str]) -> None:
        """Each plugin's window says once what was recovered last."""
        peers = plugins.peers()
        self._told &= {(peer.instance, line) for peer in peers for line in news[:1]}
        for peer in peers:
            for line in news[:1]:
                if (peer.instance, line) not in self._told:
                    self._told.add((peer.instance, line))
                    await plugins.send(peer, Notice(kind="recovered", message=line[:NOTICE_CHARACTERS]))
