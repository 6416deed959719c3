"""The instruments of the salsa and the merengue machine, and what each can play. Written for Sidechain after the parts that bands share.

All of it is in C; a machine's key moves what has a pitch. The chords of both turn once in four bars: C, F, G, F in salsa, and
C, C, G, G in merengue. Salsa's parts are in two-three: the side of two strokes of the clave comes first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from audio.score.chords import note_number
from audio.score.events import TICKS_PER_QUARTER, Note
from audio.score.sounds import SOUNDS

EIGHTH = TICKS_PER_QUARTER // 2
_SOFT, _PLAIN, _LOUD = 0.45, 0.7, 1.0
Strokes = Mapping[str, tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Program:
    """What an instrument plays again and again. label: for people. length: in ticks."""

    label: str
    length: int
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """A machine. instruments: by their ids, the programs of each by theirs; what comes first is what it begins with."""

    label: str
    bpm: int
    instruments: Mapping[str, Mapping[str, Program]]


def _struck(label: str, steps: str, strokes: Strokes) -> Program:
    """steps: a letter of `strokes` for each eighth, "." for none; blanks between bars are for the eye."""
    eighths = steps.replace(" ", "")
    notes = tuple(
        Note(n * EIGHTH, EIGHTH, strokes[letter][0], SOUNDS[strokes[letter][0]].note, strokes[letter][1])
        for n, letter in enumerate(eighths)
        if letter != "."
    )
    return Program(label, len(eighths) * EIGHTH, notes)


def _played(label: str, eighths: int, sound: str, *phrase: tuple[int, int, str]) -> Program:
    """phrase: (eighth, length in eighths, notes such as "C3 E3")."""
    notes = tuple(
        Note(start * EIGHTH, length * EIGHTH, sound, note_number(name) or 0, _PLAIN)
        for start, length, names in phrase
        for name in names.split()
    )
    return Program(label, eighths * EIGHTH, notes)


_CLAVE = {"x": ("clave", _PLAIN)}
_CONGA = {
    "h": ("conga-heel", _SOFT),
    "s": ("conga-slap", _PLAIN),
    "o": ("conga-open", _PLAIN),
    "u": ("tumba-open", _PLAIN),
}
_BONGO = {"h": ("bongo-high", _SOFT), "H": ("bongo-high", _LOUD), "l": ("bongo-low", _PLAIN)}
_BELL = {"M": ("bell-mouth", _LOUD), "n": ("bell-neck", _PLAIN)}
_TIMBAL = {
    "x": ("timbal-shell", _PLAIN),
    "X": ("timbal-shell", _LOUD),
    "h": ("timbal-high", _PLAIN),
    "l": ("timbal-low", _PLAIN),
}
_MARACA = {"x": ("maraca", _SOFT), "X": ("maraca", _PLAIN)}
_GUIRO = {"L": ("guiro-long", _PLAIN), "s": ("guiro-short", _PLAIN)}
_GUIRA = {"x": ("guira", _SOFT), "X": ("guira", _LOUD)}
_TAMBORA = {"o": ("tambora-open", _PLAIN), "r": ("tambora-rim", _PLAIN), "s": ("tambora-slap", _PLAIN)}


def _tumbao(label: str, *bars: str) -> Program:
    """The bass: the fifth upon the second beat's half, and the root of the bar that comes upon the fourth. bars: "root fifth" of each."""
    phrase: list[tuple[int, int, str]] = []
    for n, names in enumerate(bars):
        root_after = bars[(n + 1) % len(bars)].split()[0]
        phrase += [(8 * n + 3, 3, names.split()[1]), (8 * n + 6, 3, root_after)]
    return _played(label, 8 * len(bars), "bass", *phrase)


def _montuno(label: str, steps: str, *bars: str) -> Program:
    """The piano: octaves on the strokes of `steps` (two bars of eighths), the chord's notes one after another. bars: notes of each."""
    places = [n for n, letter in enumerate(steps.replace(" ", "")) if letter == "x"]
    phrase: list[tuple[int, int, str]] = []
    for pair in range(0, len(bars), 2):
        for k, place in enumerate(places):
            names = bars[pair + place // 8].split()
            name, octave = names[k % len(names)][:-1], int(names[k % len(names)][-1])
            phrase.append((8 * pair + place, 1, f"{name}{octave} {name}{octave + 1}"))
    return _played(label, 8 * len(bars), "piano", *phrase)


def _programs(**programs: Program) -> Mapping[str, Program]:
    """By ids with hyphens."""
    return MappingProxyType({name.replace("_", "-"): program for name, program in programs.items()})


_SALSA = {
    "clave": _programs(
        son_2_3=_struck("Son, two-three", "..x.x... x..x..x.", _CLAVE),
        son_3_2=_struck("Son, three-two", "x..x..x. ..x.x...", _CLAVE),
        rumba_2_3=_struck("Rumba, two-three", "..x.x... x..x...x", _CLAVE),
        rumba_3_2=_struck("Rumba, three-two", "x..x...x ..x.x...", _CLAVE),
    ),
    "conga": _programs(
        marcha=_struck("Marcha", "hhshhhoo", _CONGA),
        mambo=_struck("Mambo, two drums", "hhshhhoo hhsuuhoo", _CONGA),
    ),
    "bongo": _programs(
        martillo=_struck("Martillo", "HhhhHhlh", _BONGO),
        accents=_struck("Accents", "HhHhHhlh HhhHhhlh", _BONGO),
    ),
    "bell": _programs(
        campana=_struck("Bongo bell", "M.Mn.nMn M.nnM.nn", _BELL),
        mambo=_struck("Mambo bell", "M.nMn.nM n.nMn.nn", _BELL),
        quarters=_struck("Cha-cha bell", "M.M.M.M.", _BELL),
    ),
    "timbal": _programs(
        cascara=_struck("Cáscara", "X.xx.x.x X.x.xx.x", _TIMBAL),
        shells_and_skins=_struck("Shells and skins", "X.xx.xhh X.x.xl.l", _TIMBAL),
    ),
    "maracas": _programs(eighths=_struck("Eighths", "XxxxXxxx", _MARACA)),
    "guiro": _programs(long_short_short=_struck("Long, short, short", "L.ssL.ss", _GUIRO)),
    "bass": _programs(
        tumbao=_tumbao("Tumbao", "C2 G2", "F2 C3", "G2 D3", "F2 C3"),
        roots=_played("Roots", 32, "bass", (0, 6, "C2"), (8, 6, "F2"), (16, 6, "G2"), (24, 6, "F2")),
    ),
    "piano": _programs(
        montuno=_montuno("Montuno", "x.xx.x.x .x.x.x.x", "C4 E4 G4", "F4 A4 C5", "G4 B4 D5", "F4 A4 C5"),
        chords=_played(
            *("Chords", 32, "piano"),
            *((0, 3, "C4 E4 G4"), (8, 3, "C4 F4 A4"), (16, 3, "B3 D4 G4"), (24, 3, "C4 F4 A4")),
        ),
    ),
    "brass": _programs(
        hits=_played(
            "Hits",
            32,
            "brass",
            (3, 1, "E4 G4 C5"),
            (6, 2, "F4 A4 C5"),
            (19, 1, "G4 B4 D5"),
            (22, 2, "F4 A4 C5"),
        )
    ),
}
_MERENGUE = {
    "tambora": _programs(
        basic=_struck("Basic", "o.rsrsro", _TAMBORA),
        maco=_struck("Maco", "rsoorsoo", _TAMBORA),
        with_a_roll=_struck("With a roll", "o.rsrsro o.rsooro", _TAMBORA),
    ),
    "guira": _programs(
        basic=_struck("Basic", "XxxXXxxX", _GUIRA),
        straight=_struck("Straight", "X.X.X.X.", _GUIRA),
    ),
    "conga": _programs(basic=_struck("Basic", "hsoohsoo", _CONGA)),
    "bell": _programs(quarters=_struck("Quarters", "M.n.M.n.", _BELL)),
    "bass": _programs(
        two=_played(
            *("Root and fifth", 32, "bass"),
            *(
                each
                for bar, (root, fifth) in enumerate([("C2", "G2"), ("C2", "G2"), ("G2", "D3"), ("G2", "D3")])
                for each in ((8 * bar, 3, root), (8 * bar + 4, 3, fifth))
            ),
        )
    ),
    "piano": _programs(
        jaleo=_montuno("Jaleo", "x.x.xx.x .x.xx.x.", "C4 E4 G4", "C4 E4 G4", "G4 B4 D5", "G4 B4 F5"),
    ),
    "brass": _programs(
        jaleo=_played(
            *("Jaleo", 32, "brass"),
            *(
                (0, 1, "G4"),
                (1, 1, "E4"),
                (2, 1, "G4"),
                (3, 1, "C5"),
                (5, 1, "G4"),
                (6, 1, "E4"),
                (7, 1, "G4"),
            ),
            *(
                (16, 1, "F4"),
                (17, 1, "D4"),
                (18, 1, "F4"),
                (19, 1, "B4"),
                (21, 1, "F4"),
                (22, 1, "D4"),
                (23, 1, "G4"),
            ),
        )
    ),
}
STYLES: Mapping[str, Style] = MappingProxyType(
    {
        "salsa": Style("Salsa", 180, MappingProxyType(_SALSA)),
        "merengue": Style("Merengue", 150, MappingProxyType(_MERENGUE)),
    }
)
