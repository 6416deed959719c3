"""How things stand, for all who show it: the status, the heartbeats to plugins, their windows. One judgement for all.

What is shown of which state is daemon.core.health's; sentences that stand beside it are in notices.py.
"""

from daemon.core import outbox
from daemon.core.health import Health, overall
from daemon.core.link import LinkState
from daemon.features.link.relay_socket import RelaySocket
from daemon.identity.account import Account
from daemon.library.store import Store
from plugin_protocol.messages import Alive

TROUBLE_CHARACTERS = 512


class Standing:
    """[loop]. socket: None without a relay."""

    def __init__(self, store: Store, account: Account, socket: RelaySocket | None) -> None:
        self._store = store
        self._account = account
        self._socket = socket
        self._trouble = ""

    @property
    def online(self) -> bool:
        """Whether the relay can be reached now."""
        return self._socket is not None and self._socket.state is LinkState.ONLINE

    @property
    def friends_producing(self) -> int:
        return self._socket.friends_producing if self._socket else 0

    async def look(self) -> tuple[Health, dict[str, int]]:
        """The one state of now, and the outbox by states, out of which it was made."""
        counts = await self._store.run(Store.count_entries)
        entries = {outbox.State(name): n for name, n in counts.items()}
        link = self._socket.state if self._socket else None
        health = overall(link, entries, self._account.problem, self._account.name is not None)
        said = f"{health.sentence} {health.next_step}" if health.next_step else ""
        self._trouble = said[:TROUBLE_CHARACTERS]
        return health, counts

    def alive(self) -> Alive:
        """What a heartbeat is answered: as of the last look."""
        return Alive(
            relay_state=self._socket.state if self._socket else "no_relay", account=self._account.name,
            friends_producing=self.friends_producing, trouble=self._trouble, relay_url=self._account.relay_url or "",
        )  # fmt: skip
