"""The doors, built over what the daemon can do: which of its parts answer what is asked, at the control socket and by plugins."""

from collections.abc import Callable
from pathlib import Path

from bridge.control_endpoint import ControlEndpoint
from bridge.paths import CONTROL_SOCKET
from daemon.app.features import Features
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
from daemon.doors.control.players import Players
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
from daemon.doors.plugin.history import WindowHistory
from daemon.doors.plugin.takes import TakeShelf
from daemon.doors.plugin.windows import Say, Windows
from daemon.features.creations.sharing import ScoreSharing
from daemon.features.feed.discovering import Discovering
from daemon.features.feed.pages import FeedPages
from daemon.features.feed.sharing import Sharing
from daemon.features.feed.sign_ins import SignIns
from daemon.features.feed.talk import Talk
from daemon.features.importing.importing import Importing
from daemon.features.keeping.mixing import Mixing
from daemon.features.preferences.login import Login
from daemon.features.rendering.search import Search
from daemon.features.trimming.trimming import Trimming
from daemon.system.at_login import at_login_here
from daemon.system.start_file import program


def control_door(features: Features, run: Path, stop: Callable[[], None]) -> ControlEndpoint:
    """The socket of tray and command line, not yet bound. stop: ends this daemon."""
    f = features
    take_answers = _take_answers(f)
    door = ControlDoor(
        take_answers.answers,
        _set_answers(f).answers,
        _status_answers(f, take_answers, stop).answers,
        SettingAnswers(f.preferences).answers,
        AtLoginAnswers(Login(lambda: at_login_here([*program(), "up"]))).answers,
        OutboxAnswers(f.posting, f.pausing, f.takes).answers,
        FeedAnswers(f.feed, f.social, Discovering(f.account)).answers,
        PostAnswers(f.own_posts).answers,
        SharingAnswers(Sharing(f.account, f.store), SignIns(f.account)).answers,
        PeopleAnswers(f.people, f.account.relay_url or "").answers,
        CommentAnswers(Talk(f.account, f.store, f.own_posts.find), f.notifications).answers,
        CreationAnswers(f.creations, f.creating, f.sending, f.syncing).answers,
        ScoreLinkAnswers(ScoreSharing(f.account, f.creations, f.sending)).answers,
        InstrumentAnswers(f.relay_instruments).answers,
        PreviewAnswers(f.instances, f.previews).answers,
        LiveAnswers(f.live).answers,
        _history_answers(f).answers,
        RecoveryAnswers(f.journal, f.recovering, f.takes).answers,
        ClaimAnswers(f.account, f.claiming).answers,
    )
    return ControlEndpoint(run / CONTROL_SOCKET, door.handle)


def _take_answers(f: Features) -> TakeAnswers:
    return TakeAnswers(
        store=f.store,
        takes=f.takes,
        keeping=f.keeping,
        renderer=f.renderer,
        posting=f.posting,
        repairs=f.repairs,
        players=Players(f.instances, f.recovering),
        search=Search(f.takes, f.renderer),
        importing=Importing(f.takes),
        trimming=Trimming(f.takes),
    )


def _set_answers(f: Features) -> SetAnswers:
    return SetAnswers(
        store=f.store,
        takes=f.takes,
        instances=f.instances,
        players=Players(f.instances, f.recovering),
        keeping=f.set_keeping,
        mixing=Mixing(f.takes),
    )


def _status_answers(f: Features, takes: TakeAnswers, stop: Callable[[], None]) -> StatusAnswers:
    return StatusAnswers(
        version=f.version,
        store=f.store,
        account=f.account,
        status=f.status,
        notices=f.notices,
        instances=f.instances,
        previews=f.previews,
        journal=f.journal,
        deeds=f.deeds,
        notifications=f.notifications,
        pausing=f.pausing,
        preferences=f.preferences,
        takes=takes,
        stop=stop,
    )


def _history_answers(f: Features) -> HistoryAnswers:
    return HistoryAnswers(
        journal=f.journal,
        folder=f.history,
        instances=f.instances,
        players=Players(f.instances, f.recovering),
        listening=f.listening,
        pictures=f.pictures,
    )


def plugin_door(features: Features, windows: Windows) -> PluginDoor:
    """What answers a plugin, and its `windows`."""
    return PluginDoor(
        instances=features.instances,
        keeping=features.keeping,
        previews=features.previews,
        windows=windows,
        status=features.status,
        account=features.account,
        sounding_s=features.journal.sounding_s,
    )


def windows_of(features: Features, say: Say) -> Windows:
    """What the open windows of plugins are shown. say: tells a plugin something."""
    f = features
    shelf = TakeShelf(
        say=say,
        store=f.store,
        takes=f.takes,
        posting=f.posting,
        repairs=f.repairs,
        bus=f.bus,
    )
    history = WindowHistory(
        say=say,
        journal=f.journal,
        folder=f.history,
        pictures=f.pictures,
        listening=f.listening,
    )
    return Windows(
        say=say,
        store=f.store,
        takes=f.takes,
        account=f.account,
        status=f.status,
        pages=FeedPages(f.account, f.store),
        social=f.social,
        posting=f.posting,
        set_keeping=f.set_keeping,
        exporting=f.exporting,
        history=history,
        shelf=shelf,
        claiming=f.claiming,
        bus=f.bus,
    )
