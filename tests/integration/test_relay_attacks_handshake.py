"""A handshake that comes to nothing gives back what it took: else ten of them would lock an account out."""

from pathlib import Path
from typing import Any

from relay.app.build import build
from relay.app.config import Config
from relay.app.front import SOCKET_PATH
from relay.engine.database import DatabaseBusy
from relay.features.accounts.api import ensure_account
from relay.features.live.hub import MAX_CONNECTIONS_PER_ACCOUNT
from tests.support.asgi_peer import scope_of


class BusyDatabase:
    """Answers nobody."""

    async def read(self, _: object) -> object:
        raise DatabaseBusy("It is busy.")


async def test_a_database_that_is_busy_costs_an_account_no_place(tmp_path: Path) -> None:
    relay = await build(Config(data=tmp_path / "data", dev=True), "http://127.0.0.1:1")
    try:
        anna = await relay.db.write(lambda tx: ensure_account(tx, "anna", 0))
        app: Any = relay.app
        sockets = app._sockets[SOCKET_PATH]
        token = sockets.tokens.make(account_id=anna, device_id="d" * 32, family_id="f" * 32)
        sockets.db = BusyDatabase()
        answered: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            if message["type"] == "websocket.http.response.start":
                answered.append(message["status"])

        for _ in range(2 * MAX_CONNECTIONS_PER_ACCOUNT):
            scope = scope_of(token) | {"extensions": {"websocket.http.response": {}}}
            await sockets.serve(scope, receive, send)
        assert set(answered) == {503} and len(answered) == 2 * MAX_CONNECTIONS_PER_ACCOUNT
        assert not len(relay.hub) and not len(relay.engines.at_once)
    finally:
        await relay.close()
