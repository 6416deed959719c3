"""All of one's data as an archive, and an account that goes: on a real relay, with what others see and count afterwards."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing

import pytest

from relay.engine.database.archive_tables import tables_at
from relay.engine.database.migrations import newest, schema_files
from relay.features.leaving.contents import APART, REMOVED, SHOWN
from tests.support.claims import FormBrowser
from tests.support.deadlines import HANG_S
from tests.support.engines import Engines
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess

BOTH_ENGINES = True


@pytest.fixture(scope="module")
def friend(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("friend")
        yield client


def until_done(client: RelayClient, job_id: str) -> None:
    until_s = time.monotonic() + HANG_S
    while (state := client.http.get(f"/jobs/{job_id}").json()["state"]) in ("ready", "running"):
        assert time.monotonic() < until_s
    assert state == "done"


def test_the_archive_has_all_of_it(relay: RelayProcess, friend: RelayClient) -> None:
    with closing(RelayClient(relay.url)) as me:
        me.sign_in("traveller")
        me.http.patch(
            "/users/me", json={"bio": "On the road", "links": ["https://t.example"]}
        ).raise_for_status()
        post = me.post(short_flac(4830), title="Kept", genre=["dub"])
        better = {"audio": ("take", short_flac(4832))}
        me.http.post(f"/audio/{post.id}/upload", files=better).raise_for_status()
        theirs = friend.post(short_flac(4831))
        for path in ("like", "save", "repost"):
            me.http.post(f"/social/{path}", json={"post_id": theirs.id}).raise_for_status()
        me.http.post(f"/audio/{theirs.id}/comments", json={"text": "Nice"}).raise_for_status()
        me.follow("friend")
        assert me.http.get("/users/me/export").json()["path"] is None
        assert me.http.get("/users/me/export/archive").status_code == 404
        until_done(me, me.http.post("/users/me/export").raise_for_status().json()["id"])
        made = me.http.get("/users/me/export").json()
        answer = me.http.get(me.url + made["path"])
        assert (
            answer.headers["content-type"] == "application/zip" and len(answer.content) == made["size_bytes"]
        )
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            lists = {
                name.removesuffix(".json"): json.loads(archive.read(name))
                for name in archive.namelist()
                if name.endswith(".json")
            }
            for name, v in ((post.id, 2), (f"{post.id}-version-1", 1)):
                sound = me.http.get(f"/audio/{post.id}/flac", params={"v": v}).raise_for_status().content
                assert archive.read(f"sound/{name}.flac") == sound
        assert set(lists) == {"profile", *SHOWN}
        assert lists["profile"]["bio"] == "On the road" and lists["posts"][0]["title"] == "Kept"
        assert lists["following"][0]["username"] == "friend" and lists["comments"][0]["words"] == "Nice"
        assert [lists[name][0]["creation_id"] for name in ("likes", "saved", "reposts")] == [theirs.id] * 3
        assert friend.http.get(me.url + made["path"]).status_code == 404, "everybody has their own"


def test_an_account_that_goes_leaves_nothing_but_right_counts(
    relay: RelayProcess, engines: Engines, friend: RelayClient
) -> None:
    before = engines.objects_of(relay.data)
    theirs = friend.post(short_flac(4840))
    kept = engines.objects_of(relay.data)
    with closing(RelayClient(relay.url)) as me, FormBrowser(relay.url) as browser:
        me.sign_in("leaver")
        post = me.post(short_flac(4841))
        me.http.post("/social/like", json={"post_id": theirs.id, "emoji": "🔥"}).raise_for_status()
        me.http.post("/social/react", json={"post_id": theirs.id, "emoji": "🥁"}).raise_for_status()
        me.http.post("/social/repost", json={"post_id": theirs.id}).raise_for_status()
        me.http.post(f"/audio/{theirs.id}/comments", json={"text": "Bye"}).raise_for_status()
        me.follow("friend")
        friend.follow("leaver")
        until_done(me, me.http.post("/users/me/export").json()["id"])
        browser.sign_in("leaver")
        page = browser.http.get("/settings/account")
        assert "Download the archive" in page.text
        assert browser.press(page, to="/settings/account/delete", username="somebody").status_code == 422
        assert me.http.post("/users/me/delete", json={"username": "friend"}).status_code == 422
        assert me.http.post("/users/me/delete", json={"username": "leaver"}).status_code == 200
        assert (
            me.http.get("/users/me").status_code == 401
            and browser.http.get("/settings/profile").status_code == 401
        )
    assert friend.http.get("/users/leaver").status_code in (404, 410)
    assert friend.http.get(f"/audio/{post.id}").status_code in (404, 410)
    until_s = time.monotonic() + HANG_S
    while engines.objects_of(relay.data) != kept or friend.http.get("/users/leaver").status_code != 404:
        assert time.monotonic() < until_s
    seen = friend.http.get(f"/audio/{theirs.id}").json()
    assert (seen["like_count"], seen["reactions"], seen["liked_with"], seen["repost_count"]) == (0, {}, {}, 0)
    assert seen["comment_count"] == 0
    mine = friend.http.get("/users/me").json()
    assert mine["following_count"] == 0
    assert friend.http.get("/users/friend/followers").json()["users"][:1] != ["leaver"]
    friend.http.delete(f"/audio/{theirs.id}").raise_for_status()
    assert engines.objects_of(relay.data) == before
    with closing(RelayClient(relay.url)) as other, pytest.raises(Exception, match="422"):
        other.sign_in("leaver")


def test_no_table_that_speaks_of_an_account_is_forgotten() -> None:
    names = (
        "account_id",
        "owner_id",
        "author_id",
        "actor_id",
        "reporter_id",
        "follower_id",
        "muter_id",
        "blocker_id",
    )
    speaking = {
        table.name
        for table in tables_at(newest(schema_files("sqlite")))
        if {column.name for column in table.columns} & set(names)
    }
    removed = {sql.split()[2] if sql.startswith("DELETE") else sql.split()[1] for sql in REMOVED}
    assert speaking <= removed | APART, speaking - removed - APART
