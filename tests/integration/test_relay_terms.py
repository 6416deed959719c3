"""Under which terms a post is there: licence, download, pin, archive; on a real relay, for owner, follower and anonymous."""

from relay.wire.owning import MAX_PINNED
from relay.wire.rest import AudioPost
from tests.support.loops import short_flac
from tests.support.relay import RelayClient

BOTH_ENGINES = True


def edit(client: RelayClient, post: AudioPost, **change: object) -> dict[str, object]:
    answer = client.http.patch(f"/audio/{post.id}", json=change)
    answer.raise_for_status()
    return dict(answer.json())


def test_what_is_given_out_is_given_without_loss_to_who_sees_it_and_says_its_licence(
    owner: RelayClient, follower: RelayClient, anonymous: RelayClient
) -> None:
    post = owner.post(short_flac(4811), title="Näc/ht", visibility="public")
    address = f"/audio/{post.id}/download"
    refused = anonymous.http.get(address)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert owner.http.get(address).status_code == 200, "the author has it whatever is given out"
    said = edit(owner, post, licence="cc-by", downloads=True)
    assert said["licence"] == "cc-by" and str(said["download_url"]).endswith(address)
    assert (
        anonymous.http.get(f"/audio/{post.id}").json()["licence_url"]
        == "https://creativecommons.org/licenses/by/4.0/"
    )
    got = anonymous.http.get(address)
    assert got.content == owner.http.get(f"/audio/{post.id}/flac").content and got.content[:4] == b"fLaC"
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''holder%20-%20N%C3%A4c-ht.flac"
    assert 'rel="license"' in got.headers["link"]
    assert "Download FLAC" in anonymous.http.get(f"{anonymous.url}/p/{post.id}").text
    edit(owner, post, visibility="followers")
    assert anonymous.http.get(address).status_code == 404 and follower.http.get(address).status_code == 200
    edit(owner, post, downloads=False)
    assert follower.http.get(address).status_code == 403


def test_so_many_are_pinned_and_stand_first_and_once(owner: RelayClient, anonymous: RelayClient) -> None:
    made = [owner.post(short_flac(4820 + n), title=f"pin {n}") for n in range(MAX_PINNED + 1)]
    for post in made[:MAX_PINNED]:
        assert edit(owner, post, pinned=True)["pinned"]
    refused = owner.http.patch(f"/audio/{made[-1].id}", json={"pinned": True, "title": "not this either"})
    assert refused.status_code == 422 and "pinned already" in refused.text
    assert owner.http.get(f"/audio/{made[-1].id}").json()["title"] == f"pin {MAX_PINNED}"
    pinned = anonymous.http.get("/users/holder/pinned").json()["posts"]
    assert [each["id"] for each in pinned] == [post.id for post in reversed(made[:MAX_PINNED])]
    page = anonymous.http.get(f"{anonymous.url}/u/holder").text
    assert all(page.count(f'data-like="{post.id}"') == 1 for post in made)
    assert page.index(made[0].id) < page.index(made[-1].id)
    edit(owner, made[0], visibility="private")
    assert len(anonymous.http.get("/users/holder/pinned").json()["posts"]) == MAX_PINNED - 1
    edit(owner, made[0], pinned=False)
    assert edit(owner, made[-1], pinned=True)["pinned"]


def test_what_is_archived_is_its_owners_alone_and_on_no_list(
    owner: RelayClient, follower: RelayClient, anonymous: RelayClient
) -> None:
    post = owner.post(short_flac(4830), title="put away", genre=["attic"])
    lists = ("/feed/global", "/feed/latest", "/feed/tag/attic", "/feed/user/holder", "/search?q=attic")

    def seen_by(client: RelayClient) -> set[str]:
        also = ["/feed/timeline"] if client.pair else []
        return {each for each in (*lists, *also) if post.id in client.http.get(each).text}

    assert seen_by(anonymous) == set(lists) and seen_by(owner) == seen_by(follower) == {
        *lists,
        "/feed/timeline",
    }
    count = owner.http.get("/users/holder").json()["post_count"]
    assert edit(owner, post, archived=True)["archived"]
    assert seen_by(anonymous) == seen_by(owner) == seen_by(follower) == set()
    assert (
        anonymous.http.get(f"/audio/{post.id}").status_code
        == follower.http.get(f"/audio/{post.id}/mp3").status_code
        == 404
    )
    assert owner.http.get(f"/audio/{post.id}").status_code == 200
    assert owner.http.get("/users/holder").json()["post_count"] == count - 1
    assert [each["id"] for each in owner.http.get("/users/me/archived").json()["posts"]] == [post.id]
    assert anonymous.http.get("/users/me/archived").status_code == 401
    assert follower.http.get("/users/me/archived").json()["posts"] == []
    edit(owner, post, archived=False)
    assert seen_by(follower) == {*lists, "/feed/timeline"}
    assert owner.http.get("/users/holder").json()["post_count"] == count
