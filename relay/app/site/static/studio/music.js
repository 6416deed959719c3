// Keys, their chords, and progressions: what the studio offers, and how it writes it.
const SHARPS = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];
const FLATS = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"];
const FLAT_KEYS = ["F", "Bb", "Eb", "Ab", "Db", "Dm", "Gm", "Cm", "Fm", "Bbm", "Ebm"];
const MAJOR = { steps: [0, 2, 4, 5, 7, 9, 11], triads: "maj min min maj maj min dim".split(" "), sevenths: "maj7 min7 min7 maj7 7 min7 m7b5".split(" ") };
const MINOR = { steps: [0, 2, 3, 5, 7, 8, 10], triads: "min dim maj min min maj maj".split(" "), sevenths: "min7 m7b5 maj7 min7 min7 maj7 7".split(" ") };
const ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII"];
const ENDINGS = { maj: "", min: "m", dim: "°", aug: "+", min7: "m7", m7b5: "m7♭5", dim7: "°7", min9: "m9" };
const LIKE_MINOR = ["min", "dim", "m6", "min7", "m7b5", "dim7", "min9"];

export const KEYS = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"].flatMap((tonic) => [tonic, `${tonic}m`]);
// By their places in the key, from 0.
export const PROGRESSIONS = {
  major: [["I V vi IV", [0, 4, 5, 3]], ["I vi IV V", [0, 5, 3, 4]], ["vi IV I V", [5, 3, 0, 4]], ["ii V I I", [1, 4, 0, 0]], ["I IV V IV", [0, 3, 4, 3]], ["IV V iii vi", [3, 4, 2, 5]]],
  minor: [["i VI III VII", [0, 5, 2, 6]], ["i iv VI v", [0, 3, 5, 4]], ["i VII VI VII", [0, 6, 5, 6]], ["i iv v i", [0, 3, 4, 0]], ["i III VII iv", [0, 2, 6, 3]]],
};

const rest = (n, by) => ((n % by) + by) % by;
export const isMinor = (key) => key.endsWith("m");
export const tonicOf = (key) => Score.pitchClass(key.replace(/m$/, ""));
const spelling = (key) => (FLAT_KEYS.includes(key) ? FLATS : SHARPS);
export const written = (name) => name.replace("#", "♯").replace(/b$/, "♭");
export const chordName = ({ root, quality }) => written(root) + (ENDINGS[quality] ?? quality);
export const keyName = (key) => `${written(key.replace(/m$/, ""))} ${isMinor(key) ? "minor" : "major"}`;

// The seven chords of a key, in order.
export function chordsOf(key, withSevenths = false) {
  const scale = isMinor(key) ? MINOR : MAJOR;
  return scale.steps.map((step, n) => ({
    root: spelling(key)[rest(tonicOf(key) + step, 12)],
    quality: (withSevenths ? scale.sevenths : scale.triads)[n],
  }));
}

// "vi" of A minor in C; "" of what lies beside the key's notes.
export function romanOf({ root, quality }, key) {
  const place = (isMinor(key) ? MINOR : MAJOR).steps.indexOf(rest(Score.pitchClass(root) - tonicOf(key), 12));
  if (place < 0) return "";
  const figure = LIKE_MINOR.includes(quality) ? ROMAN[place].toLowerCase() : ROMAN[place];
  return quality === "dim" || quality === "dim7" ? `${figure}°` : figure;
}

// Which of the eight colours a chord has: that of its place.
export const hueOf = ({ root }, key) => [0, 4, 3, 5, 1, 6, 2, 5, 7, 2, 6, 7][rest(Score.pitchClass(root) - tonicOf(key), 12)];

export const noteName = (number, key = "C") => `${spelling(key)[rest(number, 12)]}${Math.floor(number / 12) - 1}`;

// What a pitched sound plays where nothing else is said: the root of the chord there, at or above its own note.
export function fittingNote(own, key, chord) {
  const wanted = chord ? Score.pitchClass(chord.root) : tonicOf(key);
  return noteName(own + rest(wanted - own, 12), key);
}

// How far notes move when the key does: the shorter way.
export function distance(from, to) {
  const up = rest(tonicOf(to) - tonicOf(from), 12);
  return up > 6 ? up - 12 : up;
}

export const movedRoot = (root, by, key) => spelling(key)[rest(Score.pitchClass(root) + by, 12)];
export function movedNote(name, by, key) {
  const number = Score.noteNumber(name) + by;
  return noteName(Math.min(Math.max(number, 0), 127), key);
}
