"""What the log has while nobody can be let in: why, once, and that somebody is again."""

import asyncio
import logging
import socket
from pathlib import Path

import pytest

from bridge import listener_posix, system
from bridge.listener_posix import Listener
from tests.support.deadlines import HANG_S

ROUNDS = 5


async def test_that_nobody_is_let_in_is_said_once_until_somebody_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listener_posix, "EXHAUSTED_PAUSE_S", 0.0)
    limit = system.descriptor_limit()
    refused, admitted = 0, asyncio.Event()

    def exhausted() -> None:
        nonlocal refused
        refused += 1
        if refused < ROUNDS:
            peers.append(connected())
        else:
            monkeypatch.setattr(system, "descriptor_limit", lambda: limit)
            peers.append(connected())

    def admit(peer: system.Peer) -> None:
        admitted.set()

    def connected() -> socket.socket:
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(str(listener.path))
        return peer

    listener = Listener(tmp_path / "door.sock", admit, exhausted)
    listener.bind()
    monkeypatch.setattr(system, "descriptor_limit", lambda: 0)
    with caplog.at_level(logging.INFO, logger="sidechain.bridge"):
        peers = [connected()]
        async with asyncio.timeout(HANG_S):
            await admitted.wait()
    listener.close()
    for peer in peers:
        peer.close()
    shut, again = (record.getMessage() for record in caplog.records)
    assert refused == ROUNDS
    assert "nobody new is let in" in shut and "Raise the limit" in shut
    assert "let in again" in again
