"""A relay that was started by the line before is waited for, and no other. What setup says at its end is so."""

import pytest

from daemon.cli.setup import OWN_RELAY_LOOK_S, OWN_RELAY_S, Done, await_own_relay, in_words
from daemon.core.at_login import Start


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


@pytest.mark.parametrize(
    ("store", "trouble", "account", "said"),
    [
        ("keyring", "", "mira", "key       in the keyring\n"),
        ("keyring", "", None, "key       made when you claim this device, then in the keyring\n"),
        ("keyring", "There is none.", None, "key       nowhere yet, for no keyring works here"),
        ("keyring", "It is locked.", "mira", "key       in the keyring, which cannot be read now\n"),
        ("file", "", "mira", "key       in a FILE, not encrypted\n"),
        ("file", "", None, "key       made when you claim this device, then in a FILE"),
    ],
)
def test_where_the_key_lies_is_said_as_it_is(
    store: str, trouble: str, account: str | None, said: str
) -> None:
    done = Done(
        relay_url="",
        account=account,
        credential_store=store,
        key_trouble=trouble,
        start_at_login=Start.OFF,
        history_minutes=10.0,
        file="config.toml",
    )
    assert said in in_words(done)
