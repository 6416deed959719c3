"""Of an account that a moderator has suspended nothing is seen or told: not what it said, nor what it did."""

from pathlib import Path

import pytest

from relay.features.accounts import api as accounts
from relay.features.comments.service import Comments
from relay.features.graph import store as graph
from relay.features.notifications.service import Notifications
from relay.wire.comments import NewComment
from tests.support.engines import Engines
from tests.support.house import BASE_URL, house, new_post

BOTH_ENGINES = True


@pytest.mark.parametrize("begins_thread", [True, False])
async def test_what_a_suspended_account_said_and_did_is_gone_until_it_is_back(
    engines: Engines, tmp_path: Path, begins_thread: bool
) -> None:
    found = engines.database_of(tmp_path)
    async with house(f"sqlite:///{found}" if isinstance(found, Path) else found) as here:
        anna, ben, carl = [
            await here.account(f"{name}-{begins_thread}".lower()) for name in ("anna", "ben", "carl")
        ]
        post_id = await here.db.write(lambda tx: new_post(tx, anna))
        comments, notifications = Comments(here.db, BASE_URL), Notifications(here.db, BASE_URL)
        first, second = (ben, carl) if begins_thread else (carl, ben)
        root = await comments.write(first, post_id, NewComment(text="first"))
        await comments.write(second, post_id, NewComment(text="second", parent_id=root.id))
        await here.db.write(lambda tx: graph.begin_follow(tx, ben, anna))

        async def seen() -> tuple[list[str], int, int]:
            """By Anna: what is said, how much of it, and how many acts she is told of."""
            page = await comments.of_post(anna, post_id, None, 20)
            texts = [each.text for root in page.comments for each in (root, *root.replies)]
            told = (await notifications.page(anna, None, 50)).notifications
            return texts, (await notifications.counts(anna)).unread, sum(len(each.ids) for each in told)

        before = await seen()
        assert before[0] == ["first", "second"] and before[2] == 3
        await here.db.write(lambda tx: accounts.set_suspended(tx, ben, 1))
        texts, _, acts = await seen()
        assert texts == ([] if begins_thread else ["first"]) and acts == (0 if begins_thread else 1)
        await here.db.write(lambda tx: accounts.set_suspended(tx, ben, None))
        assert await seen() == before
