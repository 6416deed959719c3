"""What the readings of audio.analyse.tempo_readings say for a candidate period, in log odds; and how sure to be. Data only.

Four fits, weighed by Fit.share, each a straight sum and hidden units besides (tanh): softmax regression over the candidates
of stretches of loops whose tempo is known.

Three, the greater part, are audio.analyse.tempo_weights_grooves: fitted on 7,800 stretches of 2,640 loops that
benchmarks.tempo_fit composes: whole, cut on bars, and cut anywhere. Their tempi, 57 to 196 bpm, are drawn beside the pattern, so
that a backbeat at 66 or at 172 is counted as what it is, and not as the tempo that is more usual.

The earlier one, here, knows what is usual in genres (that half-time is played at 140): 8,391 stretches of 860 loops, 60 to 180 bpm,
rendered from MIDI with the FluidR3 sound font in eighteen genres, and of 1,900 loops by a random grammar of rhythm. Their
makers are not kept. One figure of it is not fitted: 0.75 was added to each octave upwards, for the genres are slower than what
producers write: set with 33 demo songs of LMMS and Hydrogen in view, 32 of which are at 98 bpm and above.

The confidence is a logistic regression on stretches of the earlier loops and on material without a tempo (noise, drones,
speech), fitted last. Figures on material kept aside: benchmarks/README.md, "Analysis".
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fit:
    """share: how much its scores count. straight: log odds per unit of each reading. hidden: one row per unit, its bias, then the
    readings in the same order; hidden_weights: what each unit's tanh counts."""

    share: float
    straight: tuple[float, ...]
    hidden: tuple[tuple[float, ...], ...]
    hidden_weights: tuple[float, ...]


# fmt: off
EARLIER = Fit(
    share=0.25,
    straight=(
        # whole envelope at ½, 1, 2, 4, 1½, 3, ⅓, 6, 8, ¼ periods
        0.931, 0.685, 0.302, 0.95, 0.117, 0.755, -0.0895, 0.224, 0.216, -0.454,
        # low band at ½, 1, 2, 4, 1½, 3, ⅓, 6, 8, ¼ periods
        0.668, 0.118, -0.525, 1.39, 0.221, 0.493, -0.997, -0.5, 0.15, -2.4,
        # middle band at ½, 1, 2, 4, 1½, 3, ⅓, 6, 8, ¼ periods
        -0.0524, 0.572, -0.0605, 0.825, -0.521, 0.669, -0.504, 0.0515, 0.153, 1.15,
        # high band at ½, 1, 2, 4, 1½, 3, ⅓, 6, 8, ¼ periods
        1.96, 0.279, 0.408, 0.729, 0.577, 0.316, -1.56, 0.36, 0.298, 0.841,
        # octaves over 110 bpm: itself, squared, beyond +0.6, beyond −0.6
        1.33, -1.15, -2.41, -2.18,
        # length: 2^n bars of four, of three, other bars of four, other whole beats
        0.523, 0.281, -0.324, -0.0849,
        # the same once more, for clips under 10 s
        0.103, 0.495, 0.501, -0.0964,
        # length makes it a whole number of bpm (fitted on those alone), or a simple fraction of one
        3.05,
        # log2 of onsets per beat over 2: itself, squared
        -0.281, -0.206,
        # change of harmony at 1, 2, 4, 8, 3, 6 periods
        -5.43, -0.998, 1.03, -0.198, 0.109, -0.103,
    ),
    hidden=(
        (
            0.101, -0.0505, -0.0919, -0.027, -0.0818, -0.419, -0.304, -0.634, -0.0763, 0.251, -2.6, -0.0244,
            -0.0688, -0.169, -0.298, -0.506, -0.211, 0.497, -0.21, 0.348, -3.37, 0.621, 0.185, 0.438,
            0.317, -0.0404, 0.211, -0.227, 0.581, 0.498, -1.82, -0.107, -0.186, 0.0861, 0.263, -0.543,
            -0.385, -0.562, -0.0535, 0.615, -3.13, 0.211, -0.0387, 1.53, 0.0616, -0.00845, 0.357, 0.746,
            0.301, -0.218, -0.106, -0.15, -0.658, 0.442, -0.32, -0.0154, 0.343, -0.899, -0.293, 0.863,
            -0.261, -0.453,
        ),
        (
            1.23, -0.664, 0.0261, 0.501, -0.0186, -0.229, 0.00809, -0.339, 0.493, 0.0933, -1.51, -0.274,
            0.222, 0.667, 0.109, -0.234, 0.0487, -0.035, 0.238, 0.119, -2.99, -1.78, -0.69, 0.335,
            -0.544, -0.864, -0.48, -0.651, 0.277, -0.151, -0.366, -1.11, -1.23, -0.0309, -0.0986, -0.421,
            -0.617, -0.498, 0.125, -0.0122, -0.679, -0.326, 0.14, -0.95, 0.522, 0.188, 0.158, 0.289,
            -0.322, -0.427, 0.011, -0.183, -0.18, -0.15, -0.0349, -0.0817, 2.79, 0.314, 0.375, -0.15,
            -0.00187, 0.0412,
        ),
        (
            0.0767, -0.836, -0.604, -0.0714, -0.246, -0.0505, -0.125, 0.386, -0.0526, -0.0955, 0.164, -0.692,
            -0.134, 0.68, 0.0524, 0.112, -0.0872, 0.137, 0.571, -0.00705, 0.779, -0.667, -0.329, 0.372,
            -0.282, -0.191, -0.0557, 0.966, 0.0945, -0.226, -0.869, -0.304, -0.573, 0.226, -0.199, -0.149,
            -0.473, 0.79, 0.0602, -0.0763, 0.404, -0.616, 0.0765, -2.7, 0.0593, 0.184, -0.147, -1.48,
            -0.189, 0.33, 0.333, 0.0459, 0.456, -0.179, 0.978, 0.277, 0.402, 0.9, 0.117, -0.0169,
            -0.101, -0.0103,
        ),
        (
            -0.416, 0.155, -0.0038, 0.357, 0.303, -0.281, -0.267, 0.128, -0.327, -0.347, 2.07, 0.661,
            -0.199, 0.533, 0.692, -0.275, -0.481, 0.259, -0.208, -0.327, 2.66, -0.989, 0.175, 0.774,
            0.414, -0.917, -0.202, 0.537, 0.0664, -0.331, 0.8, -0.614, -0.247, 0.872, 0.313, -0.688,
            -0.491, 0.461, -0.0535, -0.205, 1.9, -0.535, 0.222, -1.51, 1.23, 0.00989, -0.528, -0.612,
            -0.00892, 0.765, -0.793, 1.08, 0.779, -0.0489, 0.273, -0.0696, 3.65, 2.18, 0.626, -0.498,
            -0.244, -0.0625,
        ),
        (
            -0.988, 0.455, -0.0529, 0.266, 0.111, 0.139, 0.0693, 0.73, 0.206, -0.357, 2.41, 0.051,
            -0.0516, 0.333, 0.541, -0.0355, 0.0475, 0.626, 0.18, -0.173, 2.17, 0.891, 0.315, 0.0245,
            -0.156, 0.605, 0.16, 0.531, -0.0902, -0.343, 1.98, 0.725, -0.0786, -0.131, -0.134, 0.17,
            -0.333, 0.817, -0.295, -0.341, 1.75, -0.221, -0.0155, -1.99, 0.2, -0.0469, -0.116, -1.13,
            0.132, 0.413, 0.368, 0.618, 0.477, 0.129, 0.518, -0.0859, 0.125, 1.2, 0.15, -0.257,
            0.0545, 0.378,
        ),
        (
            -1.57, 0.552, 0.571, 0.531, 0.199, 0.00325, -0.203, -0.0205, -0.196, -0.00272, 0.914, 0.939,
            0.696, 1, 0.246, 0.38, -0.0645, 0.306, 0.203, -0.121, 1.04, 0.928, 0.528, 0.828,
            0.614, -0.0854, -0.0982, 0.123, -0.0637, 0.126, 0.654, 1.02, 0.975, 0.469, 0.184, -0.454,
            -0.334, 0.185, -0.557, 0.216, 0.924, -0.251, 0.0514, 0.802, -0.107, -0.331, -0.119, -0.932,
            -0.516, -0.201, 0.293, -1.48, -0.137, -0.184, 0.0831, 0.157, 2.07, 0.698, -0.198, -0.0448,
            0.111, -0.104,
        ),
        (
            2.23, 0.59, 0.833, -0.346, 0.0275, -0.0657, 0.432, -0.519, -0.568, 0.346, -0.85, 0.579,
            0.973, -0.835, -0.201, -0.144, 0.263, -0.526, -0.885, 0.41, -2.14, -0.0114, 0.51, -0.489,
            -0.304, -0.587, 0.12, -0.69, -0.73, 0.17, 0.425, 0.159, 0.731, -0.226, 0.065, -0.632,
            -0.093, -1.25, -0.776, 0.181, -0.813, 0.434, -0.466, -0.405, -1.02, 0.228, 0.208, 0.955,
            0.63, -0.932, 0.0916, -0.512, -0.174, 0.758, -0.326, -0.0904, 1.37, -0.391, 0.446, 0.585,
            0.505, -0.0217,
        ),
        (
            0.183, -0.0289, 0.0512, -0.434, -0.0744, 0.211, 0.0229, -1.16, 0.0719, 0.173, 1.11, -0.351,
            -0.238, -0.689, -0.0968, 0.0782, 0.00536, -1.47, 0.0479, -0.0311, 2.1, -0.251, -0.426, -0.653,
            -0.142, 0.343, 0.0171, -1.32, 0.025, 0.00622, 0.815, -0.319, -0.778, -0.712, -0.459, 0.894,
            0.132, -1.8, 0.329, -0.249, 0.491, 0.0699, 0.0125, -0.593, 0.265, 0.0697, 0.186, 0.527,
            0.3, 0.396, 0.0216, 0.281, 0.0452, 0.0484, 0.202, -0.0947, -2.09, -0.0357, -0.512, -0.673,
            -0.27, 0.201,
        ),
    ),
    hidden_weights=(-0.509, -0.516, -0.533, 0.565, 0.485, 0.557, 0.524, -0.516),
)
# fmt: on


@dataclass(frozen=True)
class ConfidenceWeights:
    """Per unit of: log odds of the best candidate among all; log of its clearest autocorrelation above chance;
    and, not fitted, for a length that makes the tempo a whole number (about 0.6 of loops, 0.01 of other clips), or a half, third
    or quarter of one (0.05 of other clips)."""

    bias: float
    share: float
    pulse: float
    length: float
    fraction: float


CONFIDENCE = ConfidenceWeights(bias=1.93, share=1.51, pulse=1.22, length=4.0, fraction=2.5)
