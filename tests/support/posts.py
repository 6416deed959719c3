"""Posts as the relay tells of them, for tests of those who read."""

from relay.wire.rest import AudioPost


def post(number: int) -> AudioPost:
    """The later the higher its number, below 3600."""
    return AudioPost(
        id=f"{number:032x}",
        user_id="f" * 32,
        username="owl",
        title=f"post {number}",
        audio_url="",
        waveform_svg="",
        page_url="",
        bpm=None,
        key=None,
        genre=[],
        daw=None,
        duration_bars=None,
        duration_ms=1,
        frames=1,
        sample_rate_hz=48_000,
        lufs=None,
        dbtp=None,
        loudness_reason="target",
        play_count=0,
        like_count=0,
        created_at=f"2026-01-01T00:{number // 60:02}:{number % 60:02}.000000Z",
    )
