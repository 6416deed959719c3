"""What is worth a notification, and that nothing else is."""

import pytest

from bridge.control import AlikeInfo, ClaimState, NotificationsChanged
from tests.support.tray_values import status, stretch, take
from tray.news import of_account, of_claim, of_new_take, of_notification, of_recovered, of_status, of_take


def test_a_new_take_is_kept_with_its_length_and_note() -> None:
    assert of_new_take(take("t", state="kept")) == "Kept 8 bars as “Night loop”."
    noted = take("t", state="kept", bars=None, note="No transport: seconds.")
    assert of_new_take(noted) == "Kept 15.0 s as “Night loop”. No transport: seconds."


def test_a_take_that_has_arrived_is_no_news() -> None:
    """Never one for each upload."""
    assert of_take(take("t", entry_state="uploading"), take("t", entry_state="accepted")) is None


@pytest.mark.parametrize("state", ["quarantined", "needs_attention"])
def test_a_stuck_entry_is_told_with_its_reason(state: str) -> None:
    after = take("t", entry_state=state, error="The relay refused it.")
    assert of_take(take("t", entry_state="uploading"), after).endswith("The relay refused it.")


def test_a_failed_pipeline_is_told_once() -> None:
    failed = take("t", state="failed", error="Bad frames.")
    assert of_take(take("t", state="kept"), failed) == "“Night loop” could not be processed: Bad frames."
    assert of_take(failed, failed) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (take("t", state="kept"), take("t", state="processing")),
        (take("t"), take("t", entry_state="waiting")),
        (take("t", entry_state="queued"), take("t", entry_state="uploading")),
        (take("t", entry_state="accepted"), take("t", entry_state="accepted", title="Renamed")),
    ],
)
def test_the_ordinary_course_is_silent(before: object, after: object) -> None:
    assert of_take(before, after) is None


def test_a_problem_is_told_when_it_begins() -> None:
    well, ill = status(), status(state="problem", sentence="The disk is full.")
    assert of_status(well, ill) == "The disk is full."
    assert of_status(None, ill) == "The disk is full."
    assert of_status(ill, ill) is None
    assert of_status(ill, well) is None


def test_what_was_made_before_is_told_once_with_its_name() -> None:
    alike = AlikeInfo(
        take_id="e" * 32, title="Old loop", created_us=1, same=True, score=0.9, speed=1.0, likeness=0.9
    )
    before, after = take("t", state="processing"), take("t", alike=alike)
    assert of_take(before, after) == "“Night loop” is the same sound as “Old loop”, which you kept before."
    assert of_take(after, after) is None


def test_what_a_crash_left_is_told_once() -> None:
    found = status(recovered=[stretch("s1")])
    told = of_recovered(None, found)
    assert told and told.startswith("Recovered: 3:12 from Ardour / Bass")
    assert of_recovered(found, found) is None and of_recovered(found, status()) is None


def test_a_device_that_changes_hands_is_told_once_and_not_at_the_first_look() -> None:
    mine, nobodys = status(account="ada"), status(account=None)
    assert of_account(None, mine) is None and of_account(mine, mine) is None
    assert (of_account(nobodys, mine) or "").startswith("This device now belongs to ada.")
    assert of_account(mine, nobodys) == "This device no longer belongs to ada."


def test_a_code_is_told_when_it_comes_and_a_claim_that_failed_with_its_reason() -> None:
    waiting = ClaimState(state="waiting", authorize_url="x")
    code = ClaimState(state="waiting", user_code="WDJB-MJHT", verification_uri="https://relay.example/device")
    assert of_claim(None, waiting) is None and of_claim(code, code) is None
    assert of_claim(waiting, code) == "Open https://relay.example/device in any browser, and type WDJB-MJHT."
    failed = ClaimState(state="failed", code="access_denied", message="No.", next_step="Again.")
    assert of_claim(waiting, failed) == "No. Again."


def test_what_somebody_says_is_news_and_a_like_is_not() -> None:
    def told(kind: str, sentence: str = "anna did it") -> str | None:
        return of_notification(NotificationsChanged(unread=3, kind=kind, sentence=sentence))

    assert (
        told("comment")
        == told("remix")
        == told("follow_request")
        == told("of a later version")
        == "anna did it"
    )
    assert told("reaction") is None and told("", "") is None and told("comment", "") is None


def test_of_reactions_the_first_is_news() -> None:
    def told(acts: int) -> str | None:
        return of_notification(
            NotificationsChanged(unread=1, kind="reaction", sentence="ben liked it", acts=acts)
        )

    assert told(1) == "ben liked it" and told(2) is None and told(0) is None
