"""kill -9 of a relay while it sends: what was under way is sent again, under the same name, by which its receiver knows it again.

On SQLite, where the next start knows that whoever was sending has died; test_delivering.py lets a lease run out on both engines.
"""

from pathlib import Path

from tests.support.clients import client_of
from tests.support.deliveries import deliveries, subscribed, told_by, urgent, wait_for_state
from tests.support.engines import EMBEDDED
from tests.support.mail_server import make_tls, running_mail_server
from tests.support.push_service import running_receiver
from tests.support.relay import running_relay


def test_what_a_killed_relay_was_sending_comes_again_and_is_known_again(tmp_path: Path) -> None:
    tls = make_tls(tmp_path / "tls")
    with running_mail_server(tmp_path / "mail") as server, running_receiver(*tls) as receiver:
        known = told_by(EMBEDDED, server, tls[0])
        with running_relay(tmp_path / "data", engines=known) as relay:
            star, fan = client_of(relay, "star"), client_of(relay, "fan")
            urgent(star, "push", "webhook")
            browser = subscribed(star, receiver, "/killed/push")
            star.http.post("/notifications/webhooks", json={"url": receiver.url + "/killed/hook"})
            receiver.held.clear()
            fan.follow("star")
            receiver.wait_for("/killed/push")
            receiver.wait_for("/killed/hook")
            relay.kill()
            receiver.held.set()
        with running_relay(tmp_path / "data", engines=known, port=int(relay.url.rpartition(":")[2])) as relay:
            pushes, calls = receiver.wait_for("/killed/push", 2), receiver.wait_for("/killed/hook", 2)
            sent = wait_for_state(star, "sent", 2)
            assert {each["attempts"] for each in sent} == {2} and len(deliveries(star)) == 2
        assert len({each.headers["topic"] for each in pushes}) == 1
        assert len({browser.open(each) for each in pushes}) == 1, "with one tag, so one is shown"
        assert [each.headers["sidechain-attempt"] for each in calls] == ["1", "2"]
        assert (
            len({each.headers["sidechain-delivery"] for each in calls})
            == 1
            == len({each.body for each in calls})
        )
