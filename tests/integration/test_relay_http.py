"""A real relay process over HTTP: who may do what, and what it answers to anything else."""

import json
import re
from contextlib import closing
from typing import Any

import httpx
import numpy as np
import pytest

from relay.core.access import POLICY, Action, Relation
from relay.core.calls import Row
from relay.features.studio.kit import KIT_VERSION
from relay.wire.owning import PostDetails
from relay.wire.rest import AudioPost
from tests.support.clients import AUDIO, client_of, problem
from tests.support.deliveries import PushBrowser
from tests.support.loops import as_file, short_flac
from tests.support.relay import CALL_LIMIT_S, RelayClient, RelayProcess
from tests.support.rows import every_operation, every_row

BOTH_ENGINES = True


# who may do what ------------------------------------------------------------------------------------------------


# What a request to each operation needs beyond its path to be meant seriously.
JSON: dict[str, Any] = {
    "/api/v1/social/follow": {"username": "holder"},
    "/api/v1/social/unfollow": {"username": "holder"},
    "/api/v1/social/remove-follower": {"username": "holder"},
    "/api/v1/social/mute": {"username": "holder"},
    "/api/v1/appeals": {"kind": "post", "id": "0" * 32, "text": "why"},
    "/api/v1/social/unmute": {"username": "holder"},
    "/api/v1/social/block": {"username": "blocked"},
    "/api/v1/social/unblock": {"username": "blocked"},
    "/api/v1/auth/refresh": {"refresh_token": "x" * 43},
    "/api/v1/auth/verify": {"token": "x" * 43},
    "/api/v1/audio/{post_id}/comments": {"text": "to stay"},
    "/api/v1/comments/{comment_id}": {"text": "to stay"},
    "/api/comments/{comment_id}": {"text": "to stay"},
    "/api/v1/audio/{post_id}/versions": {"upload_id": "0" * 32, "meta": {}},
}


NAMED = {
    "name": "holder",
    "username": "holder",
    "avatar_id": "0" * 32,
    "size_px": "96",
    "list": "followers",
    "who": "likes",
    "appeal_id": "0" * 32,
    "deed": "mute",
    "secret": "x" * 43,
    "tag": "dub",
    "n": "1",
    "version": KIT_VERSION,
    "sound": "drum-rim",
    "number": "60",
    "machine_id": "salsa",
    "instrument_id": "clave",
    "library_id": "0" * 32,
}
"""Parameters of paths; those of what is to be there are made by whoever asks."""


DEPENDS_ON_MORE = {
    "/api/v1/auth/refresh",  # the token shown
    "/api/v1/auth/verify",
    "/api/v1/audio/{post_id}/download",  # what the author gives out
    "/settings/password",  # a browser's session
    "/settings/two-step",
    "/settings/mail",
    "/notifications/webhooks",
    "/notifications/preferences/browsers",
    "/settings/sign-in",
    "/device",
    "/oauth/decide",
    "/api/auth/register",  # where one does it instead
    "/api/auth/login",
    "/api/auth/oauth/google",
}
"""Than on who asks."""
CLOSED_HERE = ("/join/", "/sign-up", "/reset-password", "/confirm-mail", "/stop-letters")
"""Of a relay with accounts of its own, links and letters for them, which this one is not."""
COMMENTS: dict[tuple[str, str], str] = {}


def comment_on(post: AudioPost, owner: RelayClient, text: str) -> str:
    """Its id. One that stays is written once: there is a limit."""
    if text != "to stay" or (post.id, text) not in COMMENTS:
        made = owner.http.post(f"/audio/{post.id}/comments", json={"text": text}).json()
        COMMENTS[post.id, text] = made["id"]
    return COMMENTS[post.id, text]


SCORES = {
    "song": {"kind": "song", "bpm": 120, "name": "To stay", "blocks": []},
    "loop": {"kind": "loop", "name": "To stay", "bars": 1, "steps": [{"step": 0, "sound": "drum-kick"}]},
    "pattern": {
        "kind": "pattern",
        "name": "To stay",
        "bpm": 120,
        "beats": 1,
        "steps_per_beat": 1,
        "rows": [{"sound": "drum-kick", "steps": [1.0]}],
    },
}
CREATIONS: dict[tuple[str, str], str] = {}
TARGET = re.compile(r"\{browser_id\}|\{webhook_id\}")
LISTENING = re.compile(
    r"\{analysis_id\}|\{listening_id\}|/(?:analyze|process|download)/job/|/stems|\{track_id\}"
)


def creation_for(path: str, owner: RelayClient, *, spare: bool = False) -> str:
    """The id of a loop, or of what the path is of; what stays is made once."""
    if "/samples/" in path or "/track/" in path:
        sound = as_file(np.zeros((480, 2)) + 0.1, 48_000, format="WAV", subtype="PCM_16")
        sent = owner.http.post(
            f"{owner.url}/api/samples/upload", files={"file": ("a.wav", sound, "audio/wav")}
        )
        assert sent.status_code == 200, sent.text
        return str(sent.json()["id"])
    kind = next((kind for kind in SCORES if f"/{kind}s/" in path), "loop")
    if spare or (owner.url, kind) not in CREATIONS:
        made = owner.http.post("/creations", json={"score": SCORES[kind], "visibility": "public"})
        assert made.status_code == 201, made.text
        if spare:
            return str(made.json()["id"])
        CREATIONS[owner.url, kind] = made.json()["id"]
    return CREATIONS[owner.url, kind]


def listened_to(path: str, owner: RelayClient) -> dict[str, str]:
    """What a path of listening names: an analysis, a file or the job of one; a sample that was taken apart."""
    if "/download/" in path:
        return downloaded(owner)
    if "/stems" in path:
        return {"creation_id": taken_apart(owner), "stem": "bass"}
    sound = as_file(np.zeros((480, 2)) + 0.1, 48_000, format="WAV", subtype="PCM_16")
    sent = owner.http.post(f"{owner.url}/api/audio/analyze", files={"file": ("a.wav", sound, "audio/wav")})
    assert sent.status_code == 200, sent.text
    made = sent.json()
    named = {"analysis_id": made["analysis_id"], "listening_id": made["analysis_id"], "file": "beats.svg"}
    return named | ({"job_id": made["job_id"]} if "{job_id}" in path else {})


def downloaded(owner: RelayClient) -> dict[str, str]:
    """A track for which there is a sound in one's library."""
    if (owner.url, "download") not in CREATIONS:
        CREATIONS[owner.url, "download"] = owner.post(short_flac(9_000), title="to be found").id
    given = {"trackId": "1" * 32, "title": "to be found"}
    made = owner.http.post(f"{owner.url}/api/download/track", json=given)
    assert made.status_code == 200, made.text
    return {"track_id": "1" * 32, "job_id": made.json()["jobId"]}


def target_of(path: str, owner: RelayClient) -> dict[str, str]:
    """A browser that takes pushes, or a webhook; one that was taken away is made anew."""
    name, new = ("webhooks", {"url": "https://hooks.example/"})
    if "{browser_id}" in path:
        name, new = "browsers", PushBrowser("https://push.example/a").subscription
    have = owner.http.get(f"/notifications/{name}").json()[name]
    one = have[0] if have else owner.http.post(f"/notifications/{name}", json=new).json()
    return {f"{name.removesuffix('s')}_id": one["id"]}


def taken_apart(owner: RelayClient) -> str:
    """The id of a sample that has stems; it is made once."""
    if (owner.url, "stems") not in CREATIONS:
        sample_id = creation_for("/samples/", owner)
        with closing(owner.socket(jobs=True)) as socket:
            asked = owner.http.post(f"{owner.url}/api/process/separate", json={"trackId": sample_id}).json()
            job = f"/jobs/{asked['jobId'].replace('-', '')}"
            while owner.http.get(job).json()["state"] in ("ready", "running"):
                socket.next(CALL_LIMIT_S)
        CREATIONS[owner.url, "stems"] = sample_id
    return CREATIONS[owner.url, "stems"]


def share_token(owner: RelayClient) -> str:
    """Of a link to a loop."""
    loop_id = creation_for("", owner)
    return str(owner.http.post(f"{owner.url}/api/loops/{loop_id}/share", json={}).json()["shareToken"])


def link_to(creation_id: str, owner: RelayClient) -> str:
    """The id of a new link."""
    return str(owner.http.post(f"/creations/{creation_id}/links", json={}).json()["id"])


BY_POST = tuple(f"/social/{deed}" for deed in ("like", "unlike", "save", "unsave", "unrepost", "repost"))


@pytest.mark.parametrize(("method", "path", "action"), every_operation())
@pytest.mark.parametrize("who", [Relation.ANONYMOUS, Relation.OTHER, Relation.OWNER])
def test_every_operation_admits_whom_the_table_admits(
    request: pytest.FixtureRequest,
    relay: RelayProcess,
    post: AudioPost,
    method: str,
    path: str,
    action: Action,
    who: Relation,
) -> None:
    client: RelayClient = request.getfixturevalue(who.value)
    named = {**NAMED, "post_id": post.id}
    if "{device_id}" in path or path.endswith(
        ("/unclaim", "/sessions/end", "/auth/logout")
    ):  # it ends sign-ins: of more devices, then
        client_of(relay, "blocked")
        spare = client_of(relay, "holder")
        assert spare.pair is not None
        named["device_id"] = spare.pair.device_id
        if "{device_id}" not in path and who is not Relation.ANONYMOUS:
            client = client_of(relay, "spare")
    if "{upload_id}" in path:
        begun = request.getfixturevalue("owner").tus("POST", "/uploads/", upload_length="9")
        named["upload_id"] = begun.headers["location"].rsplit("/", 1)[1]
    if "{reaction_id}" in path:
        owners = request.getfixturevalue("owner").http
        made = owners.post("/social/react", json={"post_id": post.id, "emoji": "🔥"}).json()
        named["reaction_id"] = made["reaction"]["id"]
    if "{comment_id}" in path:
        spare = "to be deleted" if action is Action.COMMENT_DELETE and who is Relation.OWNER else "to stay"
        named["comment_id"] = comment_on(post, request.getfixturevalue("owner"), spare)
    if "{creation_id}" in path:
        is_spare = action is Action.POST_DELETE and who is Relation.OWNER
        named["creation_id"] = creation_for(path, request.getfixturevalue("owner"), spare=is_spare)
    if "{link_id}" in path:
        named["link_id"] = link_to(named["creation_id"], request.getfixturevalue("owner"))
    if "{token}" in path:
        named["token"] = share_token(request.getfixturevalue("owner"))
    if TARGET.search(path):
        named |= target_of(path, request.getfixturevalue("owner"))
    if "{job_id}" in path:
        named["job_id"] = request.getfixturevalue("owner").http.get("/jobs").json()["jobs"][0]["id"]
    if LISTENING.search(path):
        named |= listened_to(path, request.getfixturevalue("owner"))
    if action is Action.POST_DELETE and method != "GET" and who is Relation.OWNER:  # the others' stays
        named["post_id"] = client.post(AUDIO, title="Spare").id
    address = client.url + path.format(**named)
    if path.endswith(("/social/react", "/social/unreact")):
        body: dict[str, Any] | None = {"post_id": post.id, "emoji": "🚀"}
    elif path.endswith(BY_POST):
        body = {"post_id": post.id}
    else:
        body = JSON.get(path, {}) if method in ("POST", "PUT", "PATCH") else None
    if path.startswith("/api/v1/uploads"):
        answer = client.tus(method, address, b"" if method == "PATCH" else None, upload_offset="0")
    else:
        answer = client.http.request(method, address, json=body)
    if method == "HEAD" and answer.status_code >= 400:  # its body, which says why, is not sent
        assert who not in POLICY[action] and answer.status_code == (401 if who is Relation.ANONYMOUS else 404)
    elif who in POLICY[action]:
        assert answer.status_code < 500
        assert path in DEPENDS_ON_MORE or answer.status_code not in (401, 403), answer.text
        is_elsewhere = (
            path.startswith(
                (
                    "/static/",
                    "/sign-in/",
                    "/avatars/",
                    "/p/{post_id}/{who}",
                    "/api/v1/appeals",
                    "/appeal",
                    "/api/sound-libraries/",
                )
            )
            or path.startswith(CLOSED_HERE)
            or path.endswith(("block", "farewell", "claim", "/accept", "/decline", "/archive"))
        )
        assert answer.status_code != 404 or is_elsewhere, answer.text
    elif who is Relation.ANONYMOUS:
        assert problem(answer) == (401, "sign_in_required")
    else:
        assert problem(answer) == (404, "not_found")


@pytest.mark.parametrize("path", [path for method, path, _ in every_operation() if method == "GET"])
def test_head_is_get_without_its_body(owner: RelayClient, post: AudioPost, path: str) -> None:
    job_id = owner.http.get("/jobs").json()["jobs"][0]["id"]
    named = {
        **NAMED,
        "post_id": post.id,
        "job_id": job_id,
        "comment_id": comment_on(post, owner, "to stay"),
        "creation_id": creation_for(path, owner),
    }
    if "{token}" in path:
        named["token"] = share_token(owner)
    if LISTENING.search(path):
        named |= listened_to(path, owner)
    address = owner.url + path.format(**named)
    plain = {
        **owner.http.headers,
        "accept-encoding": "identity",
    }  # packed, a page is as long as its masked key lets it
    with httpx.Client(headers=plain, trust_env=False) as client:
        got, head, again = client.get(address), client.head(address), client.get(address)
    assert head.status_code == got.status_code and head.content == b""
    if got.is_success and "set-cookie" not in got.headers:
        lengths = {len(each.content) for each in (got, again)}  # "just now" is "1 minute ago" a moment later
        assert int(head.headers["content-length"]) in lengths
        assert head.headers["content-type"] == got.headers["content-type"]


def test_what_one_may_not_see_looks_like_what_is_not_there(other: RelayClient, post: AudioPost) -> None:
    hidden, absent = (other.http.get(f"/audio/{each}/flac") for each in (post.id, "0" * 32))
    assert hidden.status_code == absent.status_code == 404
    assert other.http.get(f"/audio/{post.id}").status_code == 200


def test_every_answer_has_the_security_headers(anonymous: RelayClient, post: AudioPost) -> None:
    for path in (
        "/",
        "/p/" + post.id,
        "/api/v1/feed/global",
        f"/api/v1/audio/{post.id}/mp3",
        "/nope",
        f"/api/v1/audio/{post.id}/waveform",
        "/api/docs",
        "/api/docs/openapi.json",
        "/health/live",
    ):
        headers = anonymous.http.get(anonymous.url + path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert "unsafe-inline" not in headers["content-security-policy"].replace(
            "style-src 'unsafe-inline'", ""
        )
        assert headers["x-frame-options"] == "DENY", path
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


def test_the_document_names_every_operation_of_the_interface(anonymous: RelayClient) -> None:
    document = anonymous.http.get(anonymous.url + "/api/docs/openapi.json").json()
    listed = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    rows = [row.operation for row in every_row() if isinstance(row, Row)]
    ours = {(each.method, each.path) for each in rows if each.method != "OPTIONS"}
    assert all(path.startswith(("/api/", "/health")) for _, path in ours)
    assert listed == ours
    page = anonymous.http.get(anonymous.url + "/api/docs").text
    assert "http://" not in page.replace(anonymous.url, "") and "https://" not in page


def test_health(anonymous: RelayClient) -> None:
    for name in ("live", "ready"):
        assert anonymous.http.get(f"{anonymous.url}/health/{name}").json()["status"] == name


def test_json_is_as_the_wire_says(owner: RelayClient, post: AudioPost) -> None:
    fields = json.loads(owner.http.get(f"/audio/{post.id}").text)
    assert set(fields) == set(PostDetails.__struct_fields__)
