"""When news are said, and what with what: grouped, not while somebody plays, not against their wish, and none is lost by it."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.tray_values import instance, status
from tray.board import Board, Kind, News, said_together

QUIET = status(instances=[instance("a1", playing=False)])
PLAYING = status(instances=[instance("a1", playing=True)])
RECORDING = status(instances=[instance("a1", playing=False, recording=True)])


def test_one_is_said_as_it_is_and_once() -> None:
    board = Board()
    board.add(News(Kind.COMMENT, "ben commented."))
    assert board.due(QUIET) == "ben commented." and board.due(QUIET) is None


def test_nothing_is_said_while_a_host_plays_or_records_and_all_of_it_afterwards() -> None:
    board = Board()
    for busy in (PLAYING, RECORDING):
        board.add(News(Kind.COMMENT, "ben commented."))
        assert board.due(busy) is None
    assert board.due(QUIET) == "While you played: 2 comments; the last: ben commented."


def test_several_kinds_are_one_notification_with_their_numbers() -> None:
    comments = [News(Kind.COMMENT, f"{n}") for n in range(3)]
    said = said_together([*comments, News(Kind.FOLLOWER, "eva follows you.")], "")
    assert said == "3 comments and a new follower. The tray's menu leads to them."


def test_do_not_disturb_says_nothing_then_or_later() -> None:
    board = Board()
    board.add(News(Kind.ATTENTION, "The disk is full."))
    assert board.due(status(do_not_disturb=True)) is None and board.due(QUIET) is None


def test_without_a_daemon_it_is_said_at_once() -> None:
    board = Board()
    board.add(News(Kind.ATTENTION, "The disk is full."))
    assert board.due(None) == "The disk is full."


@given(st.lists(st.tuples(st.sampled_from(Kind), st.sampled_from([QUIET, PLAYING, RECORDING])), max_size=30))
def test_each_piece_of_news_is_said_exactly_once_and_only_when_it_is_quiet(
    steps: list[tuple[Kind, object]],
) -> None:
    board, waiting = Board(), 0
    for kind, now in steps:
        board.add(News(kind, "!"))
        waiting += 1
        said = board.due(now)  # type: ignore[arg-type] # a Status
        assert (said is not None) == (now is QUIET)
        waiting = 0 if said else waiting
    assert (board.due(QUIET) is not None) == (waiting > 0)
