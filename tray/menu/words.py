"""How things are called in a line of the menu or in a notification. Titles and names are other people's text."""

from collections.abc import Iterable, Sequence

from bridge.control import TakeInfo
from tray.model import MAX_LABEL_CHARS

TAKE_ID_CHARS = 12  # as the command line shows it: its milliseconds
NAMES_SHOWN = 3


def one_line(text: str) -> str:
    """One printable line of bounded length."""
    clean = "".join(char if char.isprintable() else " " for char in text).strip() or "–"
    return clean if len(clean) <= MAX_LABEL_CHARS else clean[: MAX_LABEL_CHARS - 1] + "…"


def take_name(take: TakeInfo, among: Iterable[str] = ()) -> str:
    """What a person calls the Take. among: ids of those that it is shown with."""
    return take.name or take.title or f"Take {short_id(take.take_id, among, TAKE_ID_CHARS)}"


def short_id(whole: str, among: Iterable[str], least: int) -> str:
    """As much of an id as tells it apart from `among`, which may hold it too: `least` characters, or more."""
    others = [other for other in among if other != whole]
    length = least
    while length < len(whole) and any(other.startswith(whole[:length]) for other in others):
        length += 1
    return whole[:length]


def named(people: Sequence[str]) -> str:
    """ "ada", "ada and ben", "ada, ben and 5 others"."""
    if len(people) > NAMES_SHOWN:
        people = [*people[: NAMES_SHOWN - 1], f"{len(people) - NAMES_SHOWN + 1} others"]
    return " and ".join([", ".join(people[:-1]), people[-1]] if len(people) > 1 else people)
