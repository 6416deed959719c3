"""What people say and show of themselves, on a real relay: over the interface, on their page, and as a picture."""

import io
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from PIL import Image

from relay.wire.people import AVATAR_SIZES_PX, MAX_AVATAR_BYTES, MAX_AVATAR_PIXELS
from tests.support.claims import FormBrowser
from tests.support.engines import Engines
from tests.support.loops import short_flac
from tests.support.relay import RelayClient, RelayProcess

BOTH_ENGINES = True


@pytest.fixture(scope="module")
def mira(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        client.sign_in("mira.k")
        yield client


@pytest.fixture(scope="module")
def nobody(relay: RelayProcess) -> Iterator[RelayClient]:
    with closing(RelayClient(relay.url)) as client:
        yield client


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), **options: Any) -> bytes:
    """Red on the left, blue on the right."""
    made = Image.new("RGB", size, (200, 20, 20))
    made.paste((20, 20, 200), (size[0] // 2, 0, *size))
    out = io.BytesIO()
    made.save(out, kind, **options)
    return out.getvalue()


def put_picture(client: RelayClient, data: bytes) -> httpx.Response:
    return client.http.put("/users/me/avatar", content=data)


def seen(client: RelayClient, avatar: str, size_px: int = 96) -> Image.Image:
    answer = client.http.get(f"{client.url}{avatar}/{size_px}")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    return Image.open(io.BytesIO(answer.content))


def test_what_is_said_is_seen_by_everybody(mira: RelayClient, nobody: RelayClient) -> None:
    said = {
        "display_name": "Mira K.",
        "bio": "Loops at night.\nSometimes by day.",
        "daw_preference": "Ardour",
        "links": ["https://mira.example/?a=<b>".replace("<b>", "b"), "https://example.org:8443"],
    }
    answer = mira.http.put("/users/me", json=said)
    assert answer.status_code == 200 and answer.json() | said == answer.json()
    assert mira.http.get("/users/me").json() == answer.json()
    public = nobody.http.get("/users/mira.k").json()
    assert public | said == public and "shows_activity" not in public
    page = nobody.http.get(f"{nobody.url}/@mira.k")
    assert page.text == nobody.http.get(f"{nobody.url}/u/mira.k").text
    for text in ("Mira K.", "Sometimes by day.", "Ardour", 'href="https://example.org:8443"', "nofollow"):
        assert text in page.text
    mira.http.patch("/users/me", json={"bio": "", "daw_preference": ""}).raise_for_status()
    after = nobody.http.get("/users/mira.k").json()
    assert (after["bio"], after["daw_preference"], after["display_name"]) == ("", None, "Mira K.")


@pytest.mark.parametrize(
    "wrong",
    [
        {"links": ["http://example.org"]},
        {"links": ["javascript:alert(1)"]},
        {"links": ["https://user:secret@example.org"]},
        {"links": ["https://a.example"] * 6},
        {"links": ['https://a.example/"><script>']},
        {"display_name": ""},
        {"bio": "x" * 501},
        {"bio": "a\u202eb"},
        {"follower_count": 7},
    ],
    ids=str,
)
def test_what_cannot_be_shown_is_refused(mira: RelayClient, wrong: dict[str, object]) -> None:
    before = mira.http.get("/users/me").json()
    assert mira.http.patch("/users/me", json=wrong).status_code == 422
    assert mira.http.get("/users/me").json()["links"] == before["links"]


def test_when_somebody_was_here_is_seen_by_others_only_if_they_want(
    mira: RelayClient, nobody: RelayClient
) -> None:
    assert nobody.http.get("/users/mira.k").json()["last_active"] is not None
    mira.http.patch("/users/me", json={"shows_activity": False}).raise_for_status()
    hidden = nobody.http.get("/users/mira.k").json()
    assert (hidden["last_active"], hidden["is_live"]) == (None, False)
    assert mira.http.get("/users/me").json()["last_active"] is not None
    mira.http.patch("/users/me", json={"shows_activity": True}).raise_for_status()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_is_made_ours_in_every_size(mira: RelayClient, nobody: RelayClient, kind: str) -> None:
    answer = put_picture(mira, picture(kind))
    assert answer.status_code == 200, answer.text
    avatar = answer.json()["avatar"]
    for size_px in AVATAR_SIZES_PX:
        shown = seen(nobody, avatar, size_px)
        assert shown.size == (size_px, size_px) and shown.format == "JPEG"
        left, right = (shown.getpixel((x, size_px // 2)) for x in (4, size_px - 5))
        assert isinstance(left, tuple) and isinstance(right, tuple) and left[0] > 150 and right[2] > 150
    assert nobody.http.get(f"{nobody.url}{avatar}/97").status_code == 404
    assert avatar in nobody.http.get(f"{nobody.url}/@mira.k").text


def test_nothing_of_the_file_but_its_pixels_comes_out_again(mira: RelayClient, nobody: RelayClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # it is to be turned by a quarter
    exif[0x010F] = "A camera with a name"
    data = picture(exif=exif, comment=b"at home")
    avatar = put_picture(mira, data).json()["avatar"]
    shown = seen(nobody, avatar)
    assert dict(shown.getexif()) == {} and "comment" not in shown.info
    top, bottom = (shown.getpixel((48, y)) for y in (4, 91))
    assert isinstance(top, tuple) and isinstance(bottom, tuple)
    assert top[0] > 150 and bottom[2] > 150, "as it is to be seen"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 422),
        (b"\xff\xd8\xff\xe0 no picture", 422),
        (picture()[:3000], 422),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422),
        (picture("TIFF"), 422),
        (picture("PNG", (MAX_AVATAR_PIXELS // 4000 + 1, 4000)), 422),
        (b"\0" * (MAX_AVATAR_BYTES + 1), 413),
    ],
    ids=["empty", "junk", "cut", "svg", "tiff", "bomb", "large"],
)
def test_what_is_no_picture_leaves_the_old_one(
    mira: RelayClient, nobody: RelayClient, data: bytes, status: int
) -> None:
    avatar = put_picture(mira, picture("PNG")).json()["avatar"]
    answer = put_picture(mira, data)
    assert answer.status_code == status, answer.text
    assert mira.http.get("/users/me").json()["avatar"] == avatar and seen(nobody, avatar)


def test_a_picture_that_is_taken_away_is_gone(
    relay: RelayProcess, engines: Engines, mira: RelayClient, nobody: RelayClient
) -> None:
    mira.http.delete("/users/me/avatar").raise_for_status()
    before = engines.objects_of(relay.data)
    with closing(RelayClient(relay.url)) as other:
        other.sign_in("other")
        avatar = put_picture(mira, picture("PNG")).json()["avatar"]
        same = put_picture(other, picture("PNG")).json()["avatar"]
        assert len(engines.objects_of(relay.data) - before) == len(AVATAR_SIZES_PX), (
            "equal bytes lie there once"
        )
        mira.http.delete("/users/me/avatar").raise_for_status()
        assert nobody.http.get(f"{nobody.url}{avatar}/96").status_code == 404
        assert seen(nobody, same)
        other.http.delete("/users/me/avatar").raise_for_status()
    assert engines.objects_of(relay.data) == before


def test_what_is_posted_without_a_word_is_shown_to_whom_the_account_says(
    mira: RelayClient, nobody: RelayClient
) -> None:
    assert mira.http.get("/users/me").json()["post_visibility"] == "public"
    said = mira.http.patch("/users/me", json={"post_visibility": "followers"}).raise_for_status().json()
    assert said["post_visibility"] == "followers"
    assert "post_visibility" not in nobody.http.get("/users/mira").json()
    try:
        unsaid, open_ = mira.post(short_flac(4711)), mira.post(short_flac(4712), visibility="public")
        assert (unsaid.visibility, open_.visibility) == ("followers", "public")
        wrong = mira.http.patch("/users/me", json={"post_visibility": "some"})
        assert wrong.status_code == 422 and "post_visibility" in wrong.json()["detail"]
    finally:
        mira.http.patch("/users/me", json={"post_visibility": "public"}).raise_for_status()


def test_the_page_changes_all_of_it_without_a_script(relay: RelayProcess, nobody: RelayClient) -> None:
    with FormBrowser(relay.url) as browser:
        browser.sign_in("paper")
        page = browser.http.get("/settings/profile")
        fields = {
            "display_name": "Paper <b>",
            "bio": "a\r\nb",
            "daw_preference": "",
            "links": "https://p.example\n\n",
            "post_visibility": "unlisted",
        }
        saved = browser.press(page, to="/settings/profile", **fields)
        assert saved.status_code == 303 and saved.headers["location"] == "/@paper"
        shown = nobody.http.get("/users/paper").json()
        assert (shown["display_name"], shown["bio"]) == ("Paper <b>", "a\nb")
        assert shown["links"] == ["https://p.example"] and shown["last_active"] is None, (
            "the box was not ticked"
        )
        assert '<option value="unlisted" selected>' in browser.http.get("/settings/profile").text
        chosen = re.findall(r'name="visibility" value="(\w+)" checked', browser.http.get("/upload").text)
        assert chosen == ["unlisted"], "where one posts from the browser, too"
        wrong = browser.press(page, to="/settings/profile", **fields | {"links": "gopher://old"})
        assert wrong.status_code == 422 and "gopher://old" in wrong.text and "https://" in wrong.text
        csrf = page.text.split('name="csrf" content="')[1].split('"')[0]
        files = {"picture": ("me.png", picture("PNG"), "image/png")}
        for token, status in (("", 403), (csrf, 303)):
            sent = browser.http.post("/settings/profile/picture", data={"csrf": token}, files=files)
            assert sent.status_code == status, sent.text
        assert nobody.http.get("/users/paper").json()["avatar"]
        junk = {"picture": ("me.png", b"junk", "image/png")}
        refused = browser.http.post("/settings/profile/picture", data={"csrf": csrf}, files=junk)
        assert refused.status_code == 422 and "data-trouble" in refused.text
        gone = browser.http.post(
            "/settings/profile/picture", data={"csrf": csrf, "remove": "1"}, files={"picture": b""}
        )
        assert gone.status_code == 303 and nobody.http.get("/users/paper").json()["avatar"] is None
