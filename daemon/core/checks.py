"""What `sidechain doctor` finds: one sentence each, and what to do about it. Values only."""

from enum import StrEnum

import msgspec


class Outcome(StrEnum):
    OK = "ok"
    NOTE = "note"  # worth knowing, nothing to do
    REPAIRED = "repaired"
    PROBLEM = "problem"  # only the person can mend it


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One finding: a sentence, and what to do when there is something to do."""

    name: str
    outcome: Outcome
    sentence: str
    next_step: str = ""


def ok(name: str, sentence: str) -> Check:
    return Check(name=name, outcome=Outcome.OK, sentence=sentence)


def note(name: str, sentence: str, next_step: str = "") -> Check:
    return Check(name=name, outcome=Outcome.NOTE, sentence=sentence, next_step=next_step)


def repaired(name: str, sentence: str) -> Check:
    return Check(name=name, outcome=Outcome.REPAIRED, sentence=sentence)


def problem(name: str, sentence: str, next_step: str) -> Check:
    return Check(name=name, outcome=Outcome.PROBLEM, sentence=sentence, next_step=next_step)
