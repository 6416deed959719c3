"""What the menu says in every state, and that its lines keep their names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.control import CONTROL_API, ClaimState, Progress
from daemon.core.health import SHOWN
from tests.support.tray_values import RELAY, instance, status, stretch, take
from tray.menu.keeping import BARS_CHOICES, MAX_INSTANCES
from tray.menu.takes import MAX_RECENT
from tray.menu.words import short_id
from tray.model import (
    MAX_LABEL_CHARS,
    BeginClaim,
    CancelClaim,
    Icon,
    KeepAll,
    KeepBars,
    KeepRecovered,
    MenuModel,
    OpenUrl,
    PostTake,
    QuitTray,
    StartDaemon,
    StopDaemon,
    UndoPost,
    WantCode,
)
from tray.presenter import ICON_OF_STATE, MAX_PROBLEMS, present
from tray.view import Link, View


def up(**changes: object) -> MenuModel:
    return present(View(link=Link.UP, status=status(**changes)))


def labels(model: MenuModel) -> list[str]:
    return [item.label for item in model.items if not item.separator]


def test_without_a_daemon_the_menu_offers_to_start_it_and_nothing_that_needs_it() -> None:
    model = present(View(link=Link.NOT_RUNNING))
    assert model.icon is Icon.NOT_RUNNING
    assert labels(model) == ["Sidechain is not running.", "Start Sidechain", "Quit tray"]
    assert model.find("start").action == StartDaemon()


def test_before_the_first_answer_nothing_is_claimed_about_the_daemon() -> None:
    model = present(View())
    assert model.icon is Icon.STARTING
    assert labels(model) == ["Looking for Sidechain…", "Quit tray"]


def test_a_silent_daemon_is_a_problem_that_can_be_stopped() -> None:
    model = present(View(link=Link.SILENT))
    assert model.icon is Icon.PROBLEM
    assert model.find("stop").action == StopDaemon()


@pytest.mark.parametrize(("state", "icon"), ICON_OF_STATE.items())
def test_each_state_has_its_icon_and_the_daemons_own_sentence(state: str, icon: Icon) -> None:
    model = up(state=state, sentence=f"We are {state}.")
    assert model.icon is icon
    assert model.tooltip == f"We are {state}."
    assert model.find("status").label == f"We are {state}." and not model.find("status").enabled


def test_the_daemons_states_and_their_icons_are_ours() -> None:
    assert {state.value: shown.icon for state, shown in SHOWN.items()} == ICON_OF_STATE


def test_every_icon_is_shown_in_some_state() -> None:
    assert {*ICON_OF_STATE.values(), Icon.NOT_RUNNING} == set(Icon)


def test_an_unknown_state_is_shown_in_the_daemons_words_and_is_no_alarm() -> None:
    model = up(state="dreaming", sentence="Dreaming of bars.")
    assert (model.icon, model.tooltip) == (Icon.STARTING, "Dreaming of bars.")
    assert model.find("problems") is None


def test_a_daemon_of_another_api_is_named_as_the_problem() -> None:
    model = up(api=CONTROL_API + 1, version="9.9")
    assert model.icon is Icon.PROBLEM and "9.9" in model.tooltip


def test_account_is_named_and_its_absence_leads_to_the_hint() -> None:
    assert up(account="ada").find("account").label == "Posting as ada"
    assert up(account=None).find("account").action == BeginClaim()
    nowhere = up(account=None, relay_url=None)
    assert nowhere.find("account") is None and nowhere.find("page") is None  # there is nowhere to join
    assert "sidechain setup" in nowhere.find("setup").label and not nowhere.find("setup").enabled
    assert up(account="ada").find("setup") is None
    page = up(account="ada", relay_url="https://relay.example").find("page")
    assert page.action == OpenUrl("https://relay.example/")


def test_one_instance_is_kept_by_one_click_on_it() -> None:
    model = up(instances=[instance("a1")])
    assert model.find("keep").label == "Keep last 8 bars"
    assert model.find("keep").action == KeepBars("a1", 8)
    assert [item.id for item in model.items if item.id.startswith("keep:")] == []


def test_several_instances_keep_what_played_last_or_each_in_four_lengths() -> None:
    model = up(instances=[instance("a1", track_name="Bass"), instance("b2", track_name="")])
    assert model.find("keep").action == KeepBars(None, 8)
    assert model.find("keep:a1").label == "Keep from Bass (Ardour)"
    assert model.find("keep:b2").label == "Keep from Ardour [b2]"
    lengths = [item.action for item in model.find("keep:b2").submenu]
    assert lengths == [KeepBars("b2", bars) for bars in BARS_CHOICES]


@pytest.mark.parametrize(
    ("instances", "why"),
    [
        ([], "no plugin is loaded"),
        ([instance("a1", heard_frames=0)], "nothing was heard yet"),
        ([instance("a1", state="attaching")], "nothing was heard yet"),
    ],
)
def test_keeping_is_greyed_with_its_reason(instances: list[object], why: str) -> None:
    keep = up(instances=instances).find("keep")
    assert not keep.enabled and keep.label == f"Keep last 8 bars ({why})"


def test_a_take_says_title_bars_tempo_and_state_and_leaves_out_what_is_unknown() -> None:
    heard = take("t4", bpm=92.0, bpm_source="audio", key="A minor")
    model = up(
        recent=[take("t1"), take("t2", bars=None, bpm=None, title=""), take("t3", bars=1, bpm=127.96), heard]
    )
    assert [item.label for item in model.find("recent").submenu] == [
        "Night loop · 8 bars · 128 BPM · ready",
        "Take t2 · ready",
        "Night loop · 1 bar · 128 BPM · ready",
        "Night loop · 8 bars · ≈ 92 BPM · A minor · ready",
    ]


@pytest.mark.parametrize(
    ("fields", "words", "post"),
    [
        ({"state": "kept"}, "kept", "Post"),
        ({"state": "processing"}, "processing", "Post"),
        ({"state": "failed"}, "failed", "Try again to post"),
        ({"entry_state": "held", "held_s": 9.0}, "to be posted", None),
        ({"entry_state": "discarded"}, "not posted", "Post"),
        ({"entry_state": "waiting"}, "to be posted", None),
        ({"entry_state": "queued"}, "to be posted", None),
        ({"entry_state": "uploading"}, "uploading", None),
        ({"entry_state": "accepted"}, "posted", None),
        ({"entry_state": "quarantined"}, "set aside", "Try again to post"),
        ({"entry_state": "needs_attention"}, "needs attention", "Try again to post"),
        ({"entry_state": "some_new_state"}, "some_new_state", None),
    ],
)
def test_a_take_can_be_posted_once_and_again_only_when_stuck(
    fields: dict[str, object], words: str, post: str | None
) -> None:
    model = up(recent=[take("t1", **fields)])
    assert model.find("take:t1").label.endswith(f" · {words}")
    item = model.find("take:t1:post")
    assert (item.enabled, item.action) == (post is not None, PostTake("t1"))
    assert item.label == (post or "Post")


def test_all_tracks_are_kept_by_one_line_where_there_are_several() -> None:
    assert up(instances=[instance("a1")]).find("keep-all") is None
    line = up(instances=[instance("a1"), instance("b2", track_name="Keys")]).find("keep-all")
    assert (line.label, line.enabled, line.action) == ("Keep last 8 bars of all tracks", True, KeepAll(8))


def test_what_can_still_be_undone_stands_at_the_top_with_the_seconds_that_are_left() -> None:
    assert up(recent=[take("t1", entry_state="queued")]).find("undo:t1") is None
    model = up(
        recent=[take("t2", entry_state="held", held_s=8.6), take("t1", entry_state="held", held_s=1.2)]
    )
    shown = [item for item in model.items if item.id.startswith("undo:")]
    assert [item.label for item in shown] == [
        "Undo: do not post Night loop (9 s left)",
        "Undo: do not post Night loop (1 s left)",
    ]
    assert [item.action for item in shown] == [UndoPost("t2"), UndoPost("t1")]
    assert all(item.enabled for item in shown)


def test_progress_is_shown_only_while_that_stage_can_be_under_way() -> None:
    uploads = {"t1": Progress(take_id="t1", stage="upload", fraction=0.4)}
    moving = View(link=Link.UP, status=status(recent=[take("t1", entry_state="uploading")]), progress=uploads)
    assert present(moving).find("take:t1").label.endswith("uploading 40%")
    done = View(link=Link.UP, status=status(recent=[take("t1", entry_state="accepted")]), progress=uploads)
    assert present(done).find("take:t1").label.endswith("posted")


def test_only_a_page_of_the_relay_can_be_opened() -> None:
    page = f"{RELAY}/p/1"
    ours = up(recent=[take("t1", post_url=page)]).find("take:t1:open")
    assert ours.enabled and ours.action == OpenUrl(page)
    for url in (None, "https://elsewhere.example/p/1", "file:///etc/passwd"):
        assert not up(recent=[take("t1", post_url=url)]).find("take:t1:open").enabled


def test_problems_are_counted_listed_and_absent_when_there_are_none() -> None:
    assert up().find("problems") is None
    model = up(
        state="problem",
        sentence="The disk is full.",
        recent=[take("t1", state="failed", error="Bad frames."), take("t2", entry_state="needs_attention")],
        outbox={"needs_attention": 1, "quarantined": 3, "accepted": 9},
    )
    problems = model.find("problems")
    assert problems.label == "Problems (4)"
    assert [item.label for item in problems.submenu] == [
        "The disk is full.",
        "Night loop: Bad frames.",
        "Night loop: needs attention",
        "3 more in the outbox: see `sidechain takes`",
    ]


def test_quit_says_that_sidechain_goes_on_and_stop_is_another_line() -> None:
    model = up()
    assert model.find("quit").label == "Quit tray (Sidechain keeps running)"
    assert model.find("quit").action == QuitTray() and model.find("stop").action == StopDaemon()


def test_lists_are_bounded() -> None:
    model = up(
        instances=[instance(f"i{n}") for n in range(100)],
        recent=[take(f"t{n}", state="failed") for n in range(100)],
    )
    assert sum(item.id.startswith("keep:") for item in model.items) == MAX_INSTANCES
    assert len(model.find("recent").submenu) == MAX_RECENT
    assert len(model.find("problems").submenu) == MAX_PROBLEMS


def test_other_peoples_text_is_one_printable_line_of_bounded_length() -> None:
    label = up(recent=[take("t1", title="a\nb\x1b[31m\u202e" + "x" * 100)]).find("take:t1").label
    assert len(label) == MAX_LABEL_CHARS and label.isprintable() and label.startswith("a b")


def test_ids_are_unique_and_do_not_depend_on_what_else_is_shown() -> None:
    many = up(
        instances=[instance("a1"), instance("b2")], recent=[take("t1"), take("t2")], friends_producing=2
    )
    ids = [item.id for item in many.walk()]
    assert len(ids) == len(set(ids))
    assert many.find("friends").label == "2 friends are producing"
    alone = up(instances=[instance("b2"), instance("c3")], recent=[take("t2")])
    assert alone.find("keep:b2:16").action == many.find("keep:b2:16").action


def test_what_is_unread_is_counted_and_leads_to_its_page() -> None:
    assert up().find("notifications") is None
    one, many = up(unread=1).find("notifications"), up(unread=7).find("notifications")
    assert (one.label, many.label) == ("1 unread notification", "7 unread notifications")
    assert one.action == OpenUrl(f"{RELAY}/notifications")


def test_what_a_crash_left_is_offered_in_the_lengths_it_has() -> None:
    assert up().find("recovered") is None
    model = up(recovered=[stretch("s1"), stretch("s2", bars=None)])
    one = model.find("recovered:s1")
    assert one.label == "3:12 from Ardour / Bass, until 2:00 before the crash."
    assert [item.label for item in one.submenu] == [
        "Keep its last 4 bars",
        "Keep its last 8 bars",
        "Keep all of it",
    ]
    assert one.submenu[1].action == KeepRecovered("s1", 8)
    assert [item.action for item in model.find("recovered:s2").submenu] == [KeepRecovered("s2", None)]


def test_a_claim_under_way_shows_its_ways_and_only_pages_of_the_relay() -> None:
    def below(**fields: str) -> dict[str, object]:
        claim = ClaimState(state="waiting", **fields)
        model = present(View(link=Link.UP, status=status(account=None), claim=claim))
        return {item.id: item.action for item in model.find("account").submenu}

    page, code = f"{RELAY}/oauth/authorize?x=1", f"{RELAY}/device"
    assert below(authorize_url=page) == {
        "claim:browser": OpenUrl(page),
        "claim:want": WantCode(),
        "claim:cancel": CancelClaim(),
    }
    both = below(authorize_url=page, user_code="WDJB-MJHT", verification_uri=code)
    assert both == {
        "claim:browser": OpenUrl(page),
        "claim:code": OpenUrl(code),
        "claim:cancel": CancelClaim(),
    }
    evil = "https://evil.example/device"
    assert below(authorize_url=evil, user_code="WDJB-MJHT", verification_uri=evil) == {
        "claim:cancel": CancelClaim()
    }


def test_lines_that_would_read_the_same_are_told_apart() -> None:
    """Takes of one minute begin alike, and two plugins may be on tracks of one name."""
    takes = [take(f"01980f3c2b7{n}7abc9def00000000000{n}", title=None) for n in (1, 2)]
    takes.append(take("01980f3c2b717abc9def000000000009", title=None))
    plugins = [instance(f"ab12{n}" + "0" * 27, track_name="Bass", heard_frames=1) for n in (1, 2)]
    plugins.append(instance("ab12" + "f" * 28, track_name="", heard_frames=1))
    model = present(View(link=Link.UP, status=status(recent=takes, instances=plugins)))
    for prefix, count in (("take:", 3), ("keep:", 3)):
        labels = [item.label for item in model.walk() if item.id.startswith(prefix) and item.submenu]
        assert len(labels) == len(set(labels)) == count, labels


@given(ids=st.lists(st.text("01", min_size=8, max_size=8), unique=True, min_size=1))
def test_short_ids_differ_as_whole_ones_do(ids: list[str]) -> None:
    short = [short_id(one, ids, 4) for one in ids]
    assert len(set(short)) == len(ids)
    assert all(one.startswith(cut) and len(cut) >= 4 for one, cut in zip(ids, short, strict=True))
