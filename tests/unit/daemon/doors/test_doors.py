"""A door knows every message that may come through it, and each once."""

from collections.abc import Callable
from typing import Any, cast, get_args

import pytest

import bridge.control as c
from bridge.plugin_endpoint import FromPeer
from daemon.doors.control.at_login import AtLoginAnswers
from daemon.doors.control.claiming import ClaimAnswers
from daemon.doors.control.comments import CommentAnswers
from daemon.doors.control.creations import CreationAnswers
from daemon.doors.control.door import ControlDoor
from daemon.doors.control.feed import FeedAnswers
from daemon.doors.control.history import HistoryAnswers
from daemon.doors.control.instruments import InstrumentAnswers
from daemon.doors.control.live import LiveAnswers
from daemon.doors.control.outbox import OutboxAnswers
from daemon.doors.control.people import PeopleAnswers
from daemon.doors.control.posts import PostAnswers
from daemon.doors.control.previews import PreviewAnswers
from daemon.doors.control.recovery import RecoveryAnswers
from daemon.doors.control.score_links import ScoreLinkAnswers
from daemon.doors.control.sets import SetAnswers
from daemon.doors.control.settings import SettingAnswers
from daemon.doors.control.sharing import SharingAnswers
from daemon.doors.control.status import StatusAnswers
from daemon.doors.control.takes import TakeAnswers
from daemon.doors.plugin.door import PluginDoor
from daemon.features.previews.previews import Previews
from daemon.rings.instances import Instances

NOBODY = cast(Any, None)  # a table names whom it asks, and asks nobody while it is made


def named(kind: Callable[..., Any], *names: str) -> Any:
    return kind(**dict.fromkeys(names, NOBODY))


def tables() -> list[dict[type, Any]]:
    takes = named(
        TakeAnswers,
        "store",
        "takes",
        "keeping",
        "renderer",
        "posting",
        "repairs",
        "players",
        "search",
        "importing",
        "trimming",
    )
    status = named(
        StatusAnswers,
        "version",
        "store",
        "account",
        "status",
        "notices",
        "instances",
        "previews",
        "journal",
        "deeds",
        "notifications",
        "pausing",
        "preferences",
        "takes",
        "stop",
    )
    history = named(HistoryAnswers, "journal", "folder", "instances", "players", "listening", "pictures")
    others = (
        history,
        OutboxAnswers(NOBODY, NOBODY, NOBODY),
        AtLoginAnswers(NOBODY),
        FeedAnswers(NOBODY, NOBODY, NOBODY),
        PostAnswers(NOBODY),
        SharingAnswers(NOBODY, NOBODY),
        CommentAnswers(NOBODY, NOBODY),
        CreationAnswers(NOBODY, NOBODY, NOBODY, NOBODY),
        ScoreLinkAnswers(NOBODY),
        InstrumentAnswers(NOBODY),
        PeopleAnswers(NOBODY, ""),
        LiveAnswers(NOBODY),
        PreviewAnswers(NOBODY, NOBODY),
        RecoveryAnswers(NOBODY, NOBODY, NOBODY),
        ClaimAnswers(NOBODY, NOBODY),
        SettingAnswers(NOBODY),
        named(SetAnswers, "store", "takes", "instances", "players", "keeping", "mixing"),
    )
    return [takes.answers, status.answers, *(each.answers for each in others)]


def test_the_control_door_answers_every_request() -> None:
    assert ControlDoor(*tables()).answered == set(get_args(c.Request))


def test_a_request_that_stands_in_two_tables_does_not_start() -> None:
    with pytest.raises(AssertionError, match="a deed exists once"):
        ControlDoor(*tables(), {c.KeepTake: NOBODY})


def test_the_plugin_door_acts_on_every_message() -> None:
    door = PluginDoor(
        instances=cast(Instances, Instances),
        keeping=NOBODY,
        previews=cast(Previews, Previews),
        windows=NOBODY,
        status=NOBODY,
        account=NOBODY,
        sounding_s=lambda _: 0.0,
    )
    assert door.answered == set(get_args(FromPeer))
