"""Mean and spread of each figure of audio.analyse.likeness. Data only,
for who asks without numpy.

Over the halves of 439 clips: loops rendered from MIDI in thirteen genres, Bach chorales, loops of the Sonic Pi samples
and demo songs of LMMS and Hydrogen.
"""

ALGORITHM = 1
"""Counted up whenever the vector of the same clip changes: those of another one are not compared with it."""
DIMENSIONS = 48
# fmt: off
MEANS: tuple[float, ...] = (
    76.65, -0.5028, 16.12, -1.25, 3.619, -0.8961, 1.68, -1.651,
    -0.3929, -0.8394, 1.063, -0.06633, 17.56, 11.45, 9.007, 7.867,
    6.708, 6.587, 6.184, 5.968, 5.652, 5.272, 5.317, 5.412,
    8.768, 9.41, -2.072, 5.789, 2.474, 1.528, 0.4206, 0.3155,
    0.2639, -0.04493, -0.01762, 0.09679, 0.1294, 0.06591, 0.1275, 0.2403,
    0.1803, 0.2442, -0.3695, -0.005986, -0.03365, -0.1406, 0.3007, -0.502,
)
SPREADS: tuple[float, ...] = (
    30, 21.34, 10.84, 8.199, 7.999, 6.527, 5.588, 4.906,
    4.402, 3.666, 3.059, 3.154, 7.338, 5.269, 3.761, 2.663,
    2.203, 2.078, 2.147, 2.193, 2.16, 1.912, 2.159, 2.335,
    0.9082, 0.8041, 0.6731, 3.36, 0.4986, 0.7891, 0.105, 0.06539,
    0.07667, 0.07811, 0.1166, 0.2236, 0.239, 0.2072, 0.2434, 0.2995,
    0.2703, 0.2725, 0.2394, 0.2176, 0.1582, 0.1825, 0.2926, 0.3012,
)
# fmt: on
