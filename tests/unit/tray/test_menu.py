"""Lines that came with listening, the feed, pausing and switches: what they say, and what a click on them means."""

from bridge.control import ItemInfo, PreviewInfo, Progress
from tests.support.tray_values import RELAY, instance, status, take
from tray.menu.words import named
from tray.model import (
    ChangeSetting,
    Diagnose,
    DiscardTake,
    FeedSeen,
    Icon,
    KeepAll,
    KeepBars,
    LikePost,
    LookAgain,
    MenuModel,
    OpenUrl,
    PausePosting,
    PlayHere,
    PlayPreview,
    RestoreTake,
    ResumePosting,
    ShowFolder,
    StartAtLogin,
    StopPreviews,
)
from tray.presenter import present
from tray.view import Link, View


def item(post_id: str, **changes: object) -> ItemInfo:
    fields = {"author": "ben", "title": "Dusk", "bpm": 92.0, "key": "A minor", "duration_ms": 9000}
    fields |= {"created_at": "2026-11-30T00:00:00Z", "url": f"{RELAY}/p/{post_id}", **changes}
    return ItemInfo(post_id=post_id, **fields)  # type: ignore[arg-type] # as each test names them


def shown(view_changes: dict[str, object] | None = None, **changes: object) -> MenuModel:
    return present(View(link=Link.UP, status=status(**changes), **(view_changes or {})))  # type: ignore[arg-type] # so here


def test_what_played_last_and_all_tracks_are_kept_in_each_length() -> None:
    one = shown(instances=[instance("a1")]).find("keep-lengths")
    assert [each.action for each in one.submenu] == [KeepBars("a1", bars) for bars in (4, 8, 16, 32)]
    many = shown(instances=[instance("a1"), instance("b2", track_name="Keys")])
    everything = many.find("keep-all-lengths")
    assert [each.action for each in everything.submenu] == [KeepAll(bars) for bars in (4, 8, 16, 32)]
    assert many.find("keep-lengths").submenu[0].action == KeepBars(None, 4)
    assert shown(instances=[]).find("keep-lengths") is None


def test_a_take_is_heard_through_the_plugin_or_else_here_shown_and_discarded() -> None:
    with_plugin = shown(instances=[instance("a1")], recent=[take("t1")])
    assert with_plugin.find("take:t1:listen").action == PlayPreview("t1")
    for nobody in ([], [instance("a1", state="attaching")]):
        assert shown(instances=nobody, recent=[take("t1")]).find("take:t1:listen").action == PlayHere("t1")
    assert with_plugin.find("take:t1:folder").action == ShowFolder("t1")
    discard = with_plugin.find("take:t1:discard")
    assert discard.enabled and discard.action == DiscardTake("t1")
    for state in ("held", "waiting", "queued", "uploading"):
        assert not shown(recent=[take("t1", entry_state=state)]).find("take:t1:discard").enabled
    assert shown().find("restore") is None
    back = shown({"discarded": take("t1")}).find("restore")
    assert (back.label, back.action) == ("Restore Night loop", RestoreTake("t1"))


def test_what_plays_can_be_silenced_wherever_it_plays() -> None:
    preview = PreviewInfo(instance="a1", kind="item", target="p", title="Dusk", state="playing")
    assert shown().find("silence") is None
    assert shown({"previews": {"a1": preview}}).find("silence").action == StopPreviews()
    assert shown({"played_here": "Night loop"}).find("silence").action == StopPreviews()
    ended = PreviewInfo(instance="a1", kind="item", target="p", title="Dusk", state="ended")
    assert shown({"previews": {"a1": ended}}).find("silence") is None


def test_uploads_are_counted_and_say_how_far_they_are() -> None:
    assert shown(recent=[take("t1", entry_state="accepted")]).find("uploads") is None
    progress = {"t1": Progress(take_id="t1", stage="upload", fraction=0.4)}
    recent = [take("t2", entry_state="queued", title="Next"), take("t1", entry_state="uploading")]
    uploads = shown({"progress": progress}, recent=recent, outbox={"uploading": 1, "queued": 4}).find(
        "uploads"
    )
    assert uploads.label == "5 takes to post"
    assert [each.label for each in uploads.submenu] == [
        "Next · to be posted",
        "Night loop · uploading 40%",
        "3 more: see `sidechain outbox`",
    ]


def test_the_feed_counts_what_is_new_and_plays_likes_and_opens_each_post() -> None:
    assert shown(account=None).find("feed") is None
    assert shown().find("feed").label == "Feed (nothing yet)"
    view = {
        "feed": (item("p1"), item("p2", bpm=None, key=None, title="", liked=True)),
        "new_posts": frozenset(["p1"]),
    }
    model = shown(view, instances=[instance("a1")])
    feed = model.find("feed")
    assert (feed.label, feed.opened) == ("Feed (1 new)", FeedSeen())
    assert [each.label for each in feed.submenu] == ["ben: Dusk · 92 BPM · A minor", "ben: untitled"]
    assert model.find("feed:p1:play").action == PlayPreview("p1") and model.find("feed:p1:play").enabled
    assert model.find("feed:p1:like").action == LikePost("p1", True)
    liked = model.find("feed:p2:like")
    assert (liked.checked, liked.action) == (True, LikePost("p2", False))
    assert model.find("feed:p1:open").action == OpenUrl(f"{RELAY}/p/p1")
    silent = shown(view).find("feed:p1:play")
    assert not silent.enabled and "plugin" in silent.label
    by_carl = item("p3", reposted_by="carl", repost_text="that bass", bpm=None, key=None)
    assert shown({"feed": (by_carl,)}).find("feed:p3").label == "ben: Dusk · shown by carl: “that bass”"
    elsewhere = shown({"feed": (item("p1", url="https://evil.example/p"),)}).find("feed:p1:open")
    assert not elsewhere.enabled


def test_friends_are_named() -> None:
    def line(*who: str) -> str:
        return shown(friends_producing=len(who), friends=list(who)).find("friends").label

    assert line("ada") == "ada is producing"
    assert line("ada", "ben") == "ada and ben are producing"
    assert line(*"abcdef") == "a, b and 4 others are producing"
    assert named(["a", "b", "c"]) == "a, b and c"
    assert shown(friends_producing=1).find("friends").label == "1 friend is producing"


def test_posting_is_paused_for_a_time_or_for_good_and_resumed() -> None:
    assert shown(relay_url=None, account=None).find("pause") is None
    choices = [each.action for each in shown().find("pause").submenu]
    assert choices == [PausePosting(60), PausePosting(480), PausePosting(None)]
    paused = shown(state="paused", paused=True, paused_s=3599.0)
    assert paused.icon is Icon.PAUSED and paused.find("pause") is None
    assert paused.find("resume").label == "Resume posting (paused for 60 minutes more)"
    assert paused.find("resume").action == ResumePosting()
    assert shown(paused=True).find("resume").label == "Resume posting"


def test_switches_show_what_is_known_and_turn_it_over() -> None:
    for line in ("presence", "quiet", "login"):
        assert shown().find(line) is None, "a tick that may be wrong is worse than none"
    model = shown({"at_login": "on"}, tells_presence=True, do_not_disturb=False)
    ticks = {line: model.find(line).checked for line in ("presence", "quiet", "login")}
    assert ticks == {"presence": True, "quiet": False, "login": True}
    assert model.find("presence").action == ChangeSetting("presence", False)
    assert model.find("quiet").action == ChangeSetting("do_not_disturb", True)
    assert model.find("login").action == StartAtLogin(False)
    other = shown({"at_login": "other"}).find("login")
    assert (other.checked, other.action) == (False, StartAtLogin(True)) and "another program" in other.label


def test_diagnostics_are_there_also_when_the_daemon_is_silent() -> None:
    assert shown().find("doctor").action == Diagnose()
    assert present(View(link=Link.SILENT)).find("doctor").action == Diagnose()
    assert present(View()).opened == LookAgain()
