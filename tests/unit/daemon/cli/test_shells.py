"""Lines as shells hand them over, and words as they take them back."""

import pytest
from typer._click.shell_completion import CompletionItem

from daemon.cli.shells import Bash, glued, split, standing

NAME = "My $take: 3 a.m."


@pytest.mark.parametrize(
    ("line", "whole", "last"),
    [
        ("sidechain takes play ", ["takes", "play"], ""),
        ("sidechain takes play My\\ ", ["takes", "play"], "My "),
        ("sidechain takes play My\\ t", ["takes", "play"], "My t"),
        ("sidechain takes play 'My t", ["takes", "play"], "My t"),
        ('sidechain takes play "My ', ["takes", "play"], "My "),
        ("sidechain takes play My\\", ["takes", "play"], "My"),
        ("", [], ""),
    ],
)
def test_a_line_is_split_where_the_shell_splits_it(line: str, whole: list[str], last: str) -> None:
    assert split(line) == (whole, last)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["s", "play", "My\\ take", ":", "\\ 3"], ["s", "play", "My\\ take:\\ 3"]),
        (["s", "play", "My\\ take", ":", ""], ["s", "play", "My\\ take:"]),
        (["s", "--title", "=", '"My t'], ["s", '--title="My t']),
        (["s", "follow", "@", "mi"], ["s", "follow", "@mi"]),
        (["s", "follow", ""], ["s", "follow", ""]),
    ],
)
def test_what_bash_took_apart_is_one_word_again(words: list[str], meant: list[str]) -> None:
    assert glued(words) == meant


@pytest.mark.parametrize(
    ("word", "stays", "quote"),
    [
        ("My\\ ta", "", ""),
        ("My\\ take:\\ 3", "My\\ take:", ""),
        ("My\\:\\ 3", "", ""),
        ("'My ta", "'", "'"),
        ('--title="a:b', '--title="', '"'),
        ("x@b", "x", ""),
    ],
)
def test_bash_replaces_what_follows_the_last_break(word: str, stays: str, quote: str) -> None:
    assert standing(word) == (stays, quote)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("My\\ ", "My\\ \\$take:\\ 3\\ a.m."),
        ("My\\ \\$take\n:", "\\ 3\\ a.m."),
        ("My\\ \\$take\n:\n\\ 3", "\\ 3\\ a.m."),
        ("'My ", NAME),
        ('"My ', "My \\$take: 3 a.m."),
    ],
)
def test_bash_is_given_what_it_can_read(monkeypatch: pytest.MonkeyPatch, words: str, offered: str) -> None:
    monkeypatch.setenv("COMP_WORDS", f"sidechain\ntakes\nplay\n{words}")
    monkeypatch.setenv("COMP_CWORD", str(3 + words.count("\n")))
    bash = Bash.__new__(Bash)  # of the line alone: no command is needed
    args, last = bash.get_completion_args()
    assert args == ["takes", "play"] and NAME.startswith(last)
    assert bash.format_completion(CompletionItem(NAME)) == offered
