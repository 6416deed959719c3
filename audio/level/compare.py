"""Before and after at equal loudness, because the louder of two always sounds better. Not a measurement."""

from audio.intake import Samples
from audio.level.target import apply_gain
from audio.measure.loudness import integrated_lufs


def at_equal_loudness(
    before: Samples, before_rate_hz: int, after: Samples, after_rate_hz: int
) -> tuple[Samples, Samples]:
    """Both clips with the louder one turned down to the other; as they are when one cannot be measured. [worker]

    before, after: finite float32 (frames >= 1, 1 or 2 channels), each at its own rate; not written to.
    """
    loudness_before = integrated_lufs(before, before_rate_hz, as_played=True)
    loudness_after = integrated_lufs(after, after_rate_hz, as_played=True)
    if loudness_before is None or loudness_after is None:
        return before, after
    excess_db = loudness_after - loudness_before
    return apply_gain(before, min(0.0, excess_db)), apply_gain(after, min(0.0, -excess_db))
