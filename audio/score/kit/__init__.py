"""The sounds themselves, made from sums of sines and shaped noise: nothing is recorded, so nothing has a licence but ours.

`one_shot` gives one stroke or note. A page gets the same frames as files, so what it plays is what is rendered here.
"""

from audio.score.kit.shots import RELEASE_FRAMES, Shot, one_shot
from audio.score.kit.waves import RATE_HZ

__all__ = ["RATE_HZ", "RELEASE_FRAMES", "Shot", "one_shot"]
