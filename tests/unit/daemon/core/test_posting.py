"""What a window says of a Take on its way stays true when relay or daemon are gone a moment later."""

import pytest

from daemon.core.outbox import Entry, State
from daemon.core.posting import posting


def entry(state: State, **changes: object) -> Entry:
    return Entry(entry_id="e" * 32, take_id="t" * 32, account="owl", state=state, **changes)  # type: ignore[arg-type] # Entry's own fields


@pytest.mark.parametrize("online", [True, False])
def test_a_post_that_was_made_is_told_as_what_happened_and_not_as_what_is(online: bool) -> None:
    """The relay may lose it, its owner may delete it: nobody tells the window then."""
    told = posting(entry(State.ACCEPTED, post_url="https://relay.example/p/1"), account="owl", online=online)
    assert (told.state, told.message, told.fraction) == ("posted", "It was posted.", 1.0)


def test_what_waits_says_what_it_waits_for() -> None:
    waiting = entry(State.QUEUED, attempts=1, reason="The relay is busy.")
    assert "when the relay can be reached" in posting(waiting, account="owl", online=False).message
    assert (
        posting(waiting, account="owl", online=True).message
        == "The relay is busy. It is tried again by itself."
    )
    assert "sidechain claim" in posting(waiting, account=None, online=True).message
    assert "Kept for owl" in posting(waiting, account="lark", online=True).message
