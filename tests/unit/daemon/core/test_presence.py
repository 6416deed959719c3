"""Presence is told from the transport, and tells no more than state, DAW and tempo."""

import pytest

from bridge.control import InstanceInfo
from daemon.core.presence import AWAY_AFTER_US, is_active, presence_of
from relay.wire.events import Presence


def plugin(
    state: str = "recording", playing: bool | None = None, bpm: float | None = None, **more: bool
) -> InstanceInfo:
    return InstanceInfo(
        instance="00",
        host_name="Ardour",
        track_name="secret project",
        pid=1,
        state=state,
        playing=playing,
        bpm=bpm,
        **more,
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
        ([plugin(playing=False, bpm=120.0, sounding=True)], Presence(status="producing", daw="Ardour")),
        ([plugin("gone", sounding=True)], Presence(status="away")),
        (
            [plugin(playing=True, bpm=97.5, recording=True), plugin(playing=True)],
            Presence(status="recording", daw="Ardour", bpm=97.5),
        ),
        (
            [plugin(playing=False, recording=True)],
            Presence(status="idle", daw="Ardour"),
        ),  # armed, and stopped
    ],
)
def test_presence_follows_the_transport(plugins: list[InstanceInfo], told: Presence) -> None:
    assert presence_of(plugins) == told


def test_who_has_done_nothing_for_long_is_away() -> None:
    silent = [plugin(playing=False)]
    assert presence_of(silent, AWAY_AFTER_US - 1).status == "idle"
    assert presence_of(silent, AWAY_AFTER_US) == Presence(status="away")
    assert presence_of([plugin(playing=True)], AWAY_AFTER_US).status == "producing"
    assert is_active([plugin(sounding=True)]) and not is_active(silent)
