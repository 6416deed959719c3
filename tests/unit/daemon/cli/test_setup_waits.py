"""A relay that was started by the line before is waited for; any other place is asked once, and nothing waits."""

import pytest

from daemon.cli.setup import OWN_RELAY_LOOK_S, OWN_RELAY_S, await_own_relay


@pytest.mark.parametrize(
    ("url", "answers_at", "pauses"),
    [
        ("http://127.0.0.1:8700", 1, 0),
        ("http://localhost:8700", 4, 3),
        ("http://[::1]", 10**9, round(OWN_RELAY_S / OWN_RELAY_LOOK_S)),
        ("https://relay.example", 10**9, 0),
    ],
)
def test_only_this_machine_is_waited_for_and_not_for_ever(url: str, answers_at: int, pauses: int) -> None:
    asked: list[tuple[str, int]] = []
    slept: list[float] = []

    def answers(host: str, port: int) -> bool:
        asked.append((host, port))
        return len(asked) >= answers_at

    await_own_relay(url, answers, slept.append)
    assert len(slept) == pauses
    assert {port for _, port in asked} <= {8700, 80}
