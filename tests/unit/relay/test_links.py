"""Links of music services: what they name, and that no sound is read from there."""

import pytest

from relay.core.refusal import Refusal
from relay.features.listening.fetching import require_allowed
from relay.features.listening.links import link_of

ID = "4uLU6hMCjMI75M1A2tKUQC"


def test_one_thing_has_one_id_however_it_is_written() -> None:
    forms = (
        f"https://open.spotify.com/track/{ID}",
        f"https://open.spotify.com/intl-de/track/{ID}?si=1f2e",
        f"spotify:track:{ID}",
    )
    found = {(link.id, link.kind, link.url) for link in map(link_of, forms)}
    assert len(found) == 1
    (_, kind, url), *_ = found
    assert (kind, url) == ("track", forms[0])
    assert link_of(f"https://open.spotify.com/album/{ID}").id != link_of(forms[0]).id


@pytest.mark.parametrize(
    "url",
    [
        "", "https://open.spotify.com/", f"https://open.spotify.com/artist/{ID}", f"http://open.spotify.com/track/{ID}",
        f"https://open.spotify.com.evil.example/track/{ID}", f"https://open.spotify.com/track/{ID}/..", f"spotify:track:{ID}\n",
        "https://open.spotify.com/track/short",
    ],
)  # fmt: skip
def test_what_is_no_such_link(url: str) -> None:
    with pytest.raises(Refusal) as refused:
        link_of(url)
    assert refused.value.code == "validation"


@pytest.mark.parametrize(
    "url",
    [
        "https://open.spotify.com/track/x", "https://SPOTIFY.com./a", "https://p.scdn.co/mp3-preview/x", "https://youtu.be/x",
        "https://www.youtube.com:443/watch?v=x", "https://r1---sn.googlevideo.com/videoplayback", "http://example.com/a.flac", "https://",
        "https://[::1/x", "ftp://example.com/a",
    ],
)  # fmt: skip
def test_nothing_is_fetched_from_music_services_or_without_tls(url: str) -> None:
    with pytest.raises(Refusal) as refused:
        require_allowed(url)
    assert refused.value.code == "target_refused"


@pytest.mark.parametrize(
    "url", ["https://example.com/a.flac", "https://notspotify.com/a", "https://spotify.com.example/a"]
)
def test_everything_else_may_be_asked_for(url: str) -> None:
    require_allowed(url)
