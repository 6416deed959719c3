"""What `takes` says of a take whose post was taken back."""

from collections.abc import Callable

import pytest

import bridge.control as c
from daemon.cli import takes
from tests.support.tray_values import take


@pytest.mark.parametrize(
    ("entry_state", "shown"), [("discarded", "not posted"), ("accepted", "accepted"), (None, "ready")]
)
def test_the_state_of_a_take_is_never_called_discarded(
    monkeypatch: pytest.MonkeyPatch, entry_state: str | None, shown: str
) -> None:
    kept = take("01", state="ready", entry_state=entry_state)
    said: list[str] = []

    def ask(request: object, _: type) -> object:
        if isinstance(request, c.ListTakes):
            return c.TakeList(takes=[kept])
        return c.OneTake(take=kept, path="/takes/01", sound=None)

    def show(_: object, __: bool, text: Callable[[], str]) -> None:
        said.append(text())

    monkeypatch.setattr(takes, "ask", ask)
    monkeypatch.setattr(takes, "show", show)
    takes.list_takes()
    takes.show_take("01")
    assert all(shown in each and "discarded" not in each for each in said) and len(said) == 2
