"""What the readings of audio.tempo say for a candidate period, in log odds; and how sure to be. Data only.

The mean of two fits: one straight sum, and one with six hidden units besides (tanh). Softmax regression over the
candidates of each stretch: whole clips, cuts of 1, 2 and 4 bars and cuts anywhere, clips in 3/4 at a third of their weight.
The first: 1,589 stretches of 400 loops of known tempo, 60 to 180 bpm, rendered from MIDI with the FluidR3 sound font in
thirteen genres, squared penalty 0.003; for clips under 10 s, 1.0 was added to what speaks for 1, 2, 4, 8 … bars of four,
because takes and loops are cut to those. The second: the same and 788 stretches of 240 loops by formula, of other drums and
patterns; penalty 0.003 and 0.004 for the hidden units, noise of 0.3 standard deviations on the readings.

The confidence is a logistic regression on stretches of the same loops and on material without a tempo (noise, drones,
speech), fitted last. Figures on material kept aside: benchmarks/README.md, "Analysis".
"""

from dataclasses import dataclass

# fmt: off
WEIGHTS: tuple[float, ...] = (
    # whole envelope at ½, 1, 2, 4, 1½, 3, ⅓ periods
    1.99, 1.56, 1.3, 2.07, -0.81, 1.48, -0.374,
    # low band at ½, 1, 2, 4, 1½, 3, ⅓ periods
    2.97, -1.52, -0.152, 2.69, -0.47, -0.00, -2.78,
    # middle band at ½, 1, 2, 4, 1½, 3, ⅓ periods
    -0.698, -0.112, -0.934, 0.316, -1.84, 0.502, -4.3,
    # high band at ½, 1, 2, 4, 1½, 3, ⅓ periods
    4.12, 1.59, 1.84, 0.6, 0.531, 0.181, -2.97,
    # octaves over 110 bpm: itself, squared, beyond +0.6, beyond −0.6
    1.03, -1.2, -8.3, -3.99,
    # length: 2^n bars of four, other whole bars, other whole beats
    0.928, 0.207, -0.288,
    # the same once more, for clips under 10 s
    0.717, 0.793, 0.696,
    # log2 of onsets per beat over 2: itself, squared
    -0.609, -0.21,
    # change of harmony at 1, 2, 4, 8 periods
    -8.63, -0.791, 1.62, -0.151,
)
HIDDEN: tuple[tuple[float, ...], ...] = (  # one row per unit: its bias, then the readings in the same order
    (
        -1.7, -0.182, 0.0232, -0.254, -0.0334, -0.235, 0.103, -0.0571, 2.3, 0.284, -0.625, 0.167,
        0.771, 0.576, 0.992, -0.812, -0.842, -0.106, 0.325, -0.315, -0.357, -0.288, 0.775, 0.157,
        1.49, 0.143, 0.15, 0.188, 0.234, 0.881, -0.803, -1.54, -0.158, -0.0588, 0.393, 0.109,
        0.204, 0.307, 0.583, -0.263, -0.339, -0.221, -0.726, 0.118, -0.287,
    ),
    (
        -0.981, 0.871, 0.721, -0.0227, -0.148, -0.311, 0.0143, 0.577, 1.12, 1.12, 0.844, 0.666,
        -0.402, 0.51, 1.03, 0.0953, 0.416, -0.199, -0.29, -0.626, -0.262, 0.0331, 0.942, 0.86,
        0.1, -0.518, -0.301, -0.111, 0.589, -0.6, 0.143, -2.99, 0.655, -0.441, -0.342, -0.419,
        0.359, -0.0836, -0.144, 0.288, 0.0439, 1.64, 1.4, 0.31, -0.29,
    ),
    (
        0.39, -1.69, 0.531, 0.446, 0.401, -0.99, 0.486, 1.36, -1.09, -0.129, -0.523, 0.273,
        -0.447, -0.214, 0.355, -2.65, -0.332, 0.594, 0.131, -1.7, -0.224, 0.571, -1.87, -0.295,
        0.92, 0.137, -1.04, -0.15, 0.855, 0.321, -0.197, -0.608, 0.191, 0.265, -0.022, 0.361,
        -0.385, -0.0478, 0.317, -0.111, -0.0374, 0.169, -0.995, -0.252, 0.137,
    ),
    (
        -0.162, -0.64, 0.518, -0.316, -0.0135, 0.164, 0.64, -1.07, -1.86, 1.27, -1.12, -0.87,
        -0.514, 0.7, -0.144, 0.866, -0.242, -0.394, -0.292, 0.87, 0.391, -1.88, -1.33, -0.0888,
        -0.0403, 0.317, -0.155, 0.42, -1.92, 0.989, -0.0391, 2.84, -1.3, 0.351, -0.0311, 0.0897,
        -0.706, -0.623, -1.17, -0.519, 0.118, -0.135, -1.41, -0.613, 1.24,
    ),
    (
        2.53, -1.58, -0.752, -0.322, -0.202, -0.29, -0.268, 0.564, -1.02, -0.849, -0.516, -0.0991,
        -0.0508, -0.568, 0.0105, -1.79, -0.407, 0.0709, -0.148, -0.525, 0.0194, 1.19, -1.02, -0.275,
        -0.103, -0.286, 0.25, 0.153, 0.557, 0.01, 0.0799, 0.0802, 0.227, -0.319, -0.174, -0.462,
        0.194, -0.0953, -0.481, -0.087, -0.294, -1.19, -0.714, -0.511, -0.113,
    ),
    (
        0.622, -0.443, -0.298, -0.133, -0.118, 0.118, -0.0532, 0.0429, -0.132, -0.0646, -0.0144, -0.095,
        0.248, -0.01, 0.194, -0.326, -0.234, -0.0791, -0.0695, 0.0841, -0.0249, 0.109, -0.406, -0.293,
        -0.119, -0.119, 0.182, 0.0399, -0.0664, -0.107, 0.336, 0.0669, 0.491, -0.323, 0.0142, 0.011,
        -0.0283, -0.0309, -0.0571, 0.0145, -0.0373, -0.0706, -0.337, -0.415, -0.211,
    ),
)
HIDDEN_WEIGHTS: tuple[float, ...] = (0.602, 0.467, -0.627, -0.786, -0.503, -0.0861)
# fmt: on


@dataclass(frozen=True)
class ConfidenceWeights:
    """Per unit of: log odds of the best candidate among all; log of its clearest autocorrelation above chance;
    and, not fitted, for a length that makes the tempo a whole number (about 0.6 of loops, 0.01 of other clips)."""

    bias: float
    share: float
    pulse: float
    length: float


CONFIDENCE = ConfidenceWeights(bias=0.92, share=0.92, pulse=1.07, length=4.0)
