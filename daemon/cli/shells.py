"""A line as bash, zsh and fish hand it over to be completed, and words as each takes them back.

The parser's own way holds while no name has a space or a colon in it; names of takes have both.
"""

import os
import re

from typer._click.shell_completion import CompletionItem, add_completion_class, split_arg_string
from typer._completion_classes import BashComplete, FishComplete, ZshComplete

MARK = "\0"  # stands where the cursor is, so that a space before it that is escaped still belongs to the word
GLUE = frozenset(":=@")  # bash takes each of them for a word of its own
ESCAPED = {
    "": (re.compile(r"[^\w@%+./,:=-]"), r"\\\g<0>"),
    '"': (re.compile(r'[$`"\\]'), r"\\\g<0>"),
    "'": (re.compile("'"), r"'\\''"),
}
"""By the quote that is open: what means something to bash, and what stands for it."""

_PIECES = re.compile(r"\\.|.", re.DOTALL)


def register() -> None:
    """In place of the parser's own, once it has set up those."""
    for ours in (Bash, Zsh, Fish):
        add_completion_class(ours, ours.name)


def split(line: str) -> tuple[list[str], str]:
    """The whole words of a line, after the program's name, and the one that the cursor stands behind."""
    *words, last = split_arg_string(line + MARK)
    return words[1:], last.removesuffix(MARK)


def glued(words: list[str]) -> list[str]:
    """bash's words, put together again where no space stood between them. [at least one]"""
    found: list[str] = []
    is_open = False  # the next one belongs to the one before
    for word in words:
        is_glue = word in GLUE
        if found and (is_open or (is_glue and word != "@")):
            found[-1] += word
        else:
            found.append(word)
        is_open = is_glue
    return found


def standing(word: str) -> tuple[str, str]:
    """What of a word as it was typed stays where it is, and the quote that is open at its end; bash replaces the rest."""
    quote, start, at = "", 0, 0
    for piece in _PIECES.findall(word):
        if piece in ('"', "'") and quote in ("", piece):
            quote = "" if quote else piece
            start = at + 1 if quote else start
        elif not quote and piece in GLUE:
            start = at if piece == "@" else at + 1
        at += len(piece)
    return word[:start], quote


class Bash(BashComplete):
    """It takes what is offered as it stands, for what follows the last `:` or `=` or the quote that is open."""

    def get_completion_args(self) -> tuple[list[str], str]:
        return split(" ".join(self._typed()))

    def format_completion(self, item: CompletionItem) -> str:
        before, quote = standing(self._typed()[-1])
        kept = "".join(split_arg_string(before.removesuffix(quote)))
        meant, instead = ESCAPED[quote]
        return meant.sub(instead, str(item.value)[len(kept) :])

    @staticmethod
    def _typed() -> list[str]:
        last = int(os.environ["COMP_CWORD"])
        words = [*os.environ["COMP_WORDS"].split("\n"), ""]  # the last one may be empty, and then is missing
        return glued(words[: last + 1])


class Zsh(ZshComplete):
    """It escapes what is offered by itself."""

    def get_completion_args(self) -> tuple[list[str], str]:
        return split(os.environ.get("_TYPER_COMPLETE_ARGS", ""))


class Fish(FishComplete):
    """So does this one."""

    def get_completion_args(self) -> tuple[list[str], str]:
        return split(os.environ.get("_TYPER_COMPLETE_ARGS", ""))
