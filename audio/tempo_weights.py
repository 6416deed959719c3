"""What each reading of audio.tempo says for a candidate period, in log odds; and how sure to be. Data only.

Fitted by softmax regression (squared penalty 0.003) on 1,589 stretches, whole clips, cuts of 1, 2 and 4 bars and cuts
anywhere, of 400 loops of known tempo, 60 to 180 bpm, rendered from MIDI with the FluidR3 sound font in thirteen
genres; clips in 3/4 at a third of their weight. One figure is not fitted: for clips under 10 s, 1.0 was added to what
speaks for 1, 2, 4, 8 … bars of four, because takes and loops are cut to those, and the fit had seen as many of 3.

The confidence is a logistic regression on stretches of the same loops and on material without a tempo (noise, drones,
speech), fitted last. Figures on material kept aside: benchmarks/README.md, "Analysis".
"""

from dataclasses import dataclass

# fmt: off
WEIGHTS: tuple[float, ...] = (
    # whole envelope at ½, 1, 2, 4, 1½, 3, ⅓ periods
    3.43, 2.40, 2.55, 3.21, -1.19, 2.63, 0.37,
    # low band at ½, 1, 2, 4, 1½, 3, ⅓ periods
    4.86, -2.38, 0.60, 4.36, -0.79, 0.71, -3.08,
    # middle band at ½, 1, 2, 4, 1½, 3, ⅓ periods
    -1.43, -0.72, -1.60, -0.01, -2.96, 0.81, -6.20,
    # high band at ½, 1, 2, 4, 1½, 3, ⅓ periods
    7.00, 2.58, 3.11, 0.47, 0.80, 0.46, -3.79,
    # octaves over 110 bpm: itself, squared, beyond +0.6, beyond −0.6
    1.15, -0.85, -12.60, -4.89,
    # length: 2^n bars of four, other whole bars, other whole beats
    1.19, 0.47, -0.70,
    # the same once more, for clips under 10 s
    1.17, 1.57, 1.69,
    # log2 of onsets per beat over 2: itself, squared
    -0.61, -0.21,
    # change of harmony at 1, 2, 4, 8 periods
    -12.82, -0.23, 1.88, -0.80,
)
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
