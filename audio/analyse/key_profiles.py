"""What each key expects of the notes: profiles by scale degree, the tonic first. Data only.

Two are published probe-tone and corpus profiles. The others are log odds fitted by softmax regression, with a pull to
Albrecht and Shanahan alone, on 426 clips of known key rendered from MIDI with the FluidR3 sound font: a generator of
loops in twelve genres (four-chord loops and random functional progressions, any starting chord, with and without
drums, mistuned by up to 35 cents) and 48 Bach chorales. Other genres, other progressions, other chorales and pieces by
Haydn, Mozart, Beethoven, Joplin and others were kept aside: benchmarks/README.md, "Analysis", has the figures.
"""

from dataclasses import dataclass

Profile = tuple[float, ...]

ALBRECHT_SHANAHAN: tuple[Profile, Profile] = (
    (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
    (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
)
"""Major, minor. Albrecht & Shanahan, "The use of large corpora to train a new type of key-finding algorithm", 2013."""

KRUMHANSL_KESSLER: tuple[Profile, Profile] = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
"""Major, minor. Krumhansl & Kessler, "Tracing the dynamic changes in perceived tonal organization", 1982."""


@dataclass(frozen=True)
class KeyWeights:
    """Log odds per unit of each view (see audio.analyse.key), twelve degrees from the tonic up; chords by their root."""

    notes: Profile
    bass: Profile
    major_chords: Profile
    minor_chords: Profile
    beginning: Profile
    albrecht_shanahan: float
    krumhansl_kessler: float
    bias: float


MAJOR = KeyWeights(
    notes=(0.45, -1.27, -0.08, -2.07, 2.22, 2.48, -1.52, 0.58, -0.96, 0.38, -3.30, 2.65),
    bass=(-0.94, -0.05, 0.98, 0.04, -0.92, 1.81, -0.56, -1.45, -0.53, 1.73, -2.26, 1.71),
    major_chords=(3.80, -0.13, -2.37, -1.03, -0.25, 1.25, -0.23, 2.37, -0.86, 0.17, -1.61, -0.25),
    minor_chords=(-2.23, -0.00, 3.17, -0.11, -0.17, -0.99, -0.63, -2.59, -0.02, 2.06, -0.39, 0.59),
    beginning=(1.38, 0.47, 0.27, 0.19, -0.82, 0.46, -1.42, -0.81, 0.95, 0.25, -1.68, 0.33),
    albrecht_shanahan=8.61,
    krumhansl_kessler=1.34,
    bias=0.00,
)

MINOR = KeyWeights(
    notes=(0.62, -1.45, 0.54, 1.76, -0.51, -0.73, 0.23, -1.22, 2.12, -1.54, 0.12, 0.50),
    bass=(-1.87, -1.87, -1.77, -0.33, -0.55, 1.63, -0.20, 0.10, 2.59, -0.51, 3.28, -0.05),
    major_chords=(-3.19, -0.52, -0.73, -1.60, 0.02, -3.25, -0.41, 1.58, 3.23, -0.18, 4.08, 0.10),
    minor_chords=(3.61, -0.26, -1.38, 0.16, -0.29, 2.92, -0.14, -1.17, 0.28, -1.30, -0.95, -0.17),
    beginning=(1.52, -0.97, 1.36, -0.10, -0.62, 1.14, -0.61, -0.31, 1.14, -0.93, 0.46, -1.64),
    albrecht_shanahan=8.61,
    krumhansl_kessler=1.34,
    bias=0.44,
)
