"""What a device says of its clip is believed as far as it can be."""

import pytest

from relay.features.creations.claims import bars_that_fit


@pytest.mark.parametrize(
    ("bars", "bpm", "duration_s", "believed"),
    [
        (8, 128.0, 15.0, 8),  # 4/4
        (8, 128.0, 11.25, 8),  # 3/4
        (8, 128.0, 3.75, 8),  # 2/8
        (8, 128.0, 2.47, None),  # tried: taken as it was said
        (1, 60.0, 12.0, 1),
        (1, 60.0, 12.5, None),
        (1024, 128.0, 15.0, None),
        (8, None, 15.0, 8),
        (8, None, 0.5, None),
        (None, 128.0, 2.47, None),
    ],
)
def test_bars_are_believed_when_some_meter_fits(
    bars: int | None, bpm: float | None, duration_s: float, believed: int | None
) -> None:
    assert bars_that_fit(bars, bpm, duration_s) == believed
