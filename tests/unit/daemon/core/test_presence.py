"""Presence is told from the transport, and tells no more than state, DAW and tempo."""

import pytest

from bridge.control import InstanceInfo
from daemon.core.presence import presence_of
from relay.wire.events import Presence


def plugin(state: str = "recording", playing: bool | None = None, bpm: float | None = None) -> InstanceInfo:
    return InstanceInfo(
        instance="00",
        host_name="Ardour",
        track_name="secret project",
        pid=1,
        state=state,
        playing=playing,
        bpm=bpm,
    )


@pytest.mark.parametrize(
    ("plugins", "told"),
    [
        ([], Presence(status="away")),
        ([plugin("gone", playing=True, bpm=120.0)], Presence(status="away")),
        ([plugin()], Presence(status="idle", daw="Ardour")),
        ([plugin(playing=False, bpm=120.0)], Presence(status="idle", daw="Ardour")),
        ([plugin(), plugin(playing=True, bpm=97.5)], Presence(status="producing", daw="Ardour", bpm=97.5)),
        ([plugin(playing=True)], Presence(status="producing", daw="Ardour")),
    ],
)
def test_presence_follows_the_transport(plugins: list[InstanceInfo], told: Presence) -> None:
    assert presence_of(plugins) == told
