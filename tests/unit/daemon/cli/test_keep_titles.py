"""What is typed as a title costs no take: what of it fits goes to the daemon, and what was changed is said."""

import msgspec
import pytest
from typer.testing import CliRunner

import bridge.control as c
from daemon.cli import daemon_commands
from daemon.cli.main import build
from tests.support.tray_values import take


@pytest.mark.parametrize(
    ("title", "note"), [("x" * 300, "cut to 120"), ("caf\udce9", "left out of the title")]
)
def test_a_title_that_does_not_fit_is_sent_as_far_as_it_does(
    monkeypatch: pytest.MonkeyPatch, title: str, note: str
) -> None:
    asked: list[c.KeepTake] = []

    def answer(request: c.KeepTake, *_: object, **__: object) -> c.OneTake:
        asked.append(msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=c.KeepTake))
        return c.OneTake(take=take("01"), path="/takes/01")

    monkeypatch.setattr(daemon_commands, "ask", answer)
    done = CliRunner().invoke(build(), ["keep", "--bars", "8", "--title", title])
    assert done.exit_code == 0 and note in done.output, done.output
    assert len(asked) == 1 and 0 < len(asked[0].title) <= 120
