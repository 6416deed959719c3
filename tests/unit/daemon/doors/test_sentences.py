"""What a person is told of an error, whichever door they came through."""

import logging

import pytest

from daemon.doors.sentences import MAX_CHARACTERS, sentence_of
from daemon.errors import NoSpace


def test_an_error_of_ours_says_what_happened_and_what_to_do() -> None:
    told = sentence_of(NoSpace("The disk is full.", "Free some space."), "Keep")
    assert (told.code, told.message, told.next_step) == ("no_space", "The disk is full.", "Free some space.")
    assert told.line == "The disk is full. Free some space."


def test_a_bug_is_a_sentence_and_its_name_goes_to_the_log_only(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        told = sentence_of(KeyError("positions"), "Keep")
    assert "KeyError" in caplog.text and "Keep failed" in caplog.text
    assert told.code == "internal" and "KeyError" not in told.line and "positions" not in told.line


def test_no_sentence_is_longer_than_a_message_may_hold() -> None:
    told = sentence_of(NoSpace("m" * 1000, "n" * 1000), "Keep")
    assert max(len(told.message), len(told.next_step), len(told.line)) == MAX_CHARACTERS
