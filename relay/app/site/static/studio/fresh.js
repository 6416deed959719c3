// What new work begins with: something that sounds, so that the first press of Play is music.
const every = (steps, sound, velocity = 0.8, note = null) => steps.map((step) => ({ step, sound, velocity, note }));
const bars = (count, make) => Array.from({ length: count }, (_, bar) => make(bar * 16)).flat();
const onBars = (offsets, start) => offsets.map((step) => start + step);

const BEATS = {
  empty: () => ({ bpm: 110, steps: [], chords: [] }),
  house: () => ({
    bpm: 122,
    steps: bars(4, (bar) => [
      ...every(onBars([0, 4, 8, 12], bar), "drum-kick", 1),
      ...every(onBars([4, 12], bar), "drum-clap", 0.8),
      ...every(onBars([2, 6, 10, 14], bar), "hat-open", 0.6),
      ...every(onBars([0, 3, 7, 11], bar), "hat-closed", 0.5),
      ...every(onBars([2, 6, 10, 14], bar), "bass", 0.9, ["C2", "G2", "A2", "F2"][bar / 16]),
    ]),
    chords: [["C", "maj7"], ["G", "maj"], ["A", "min7"], ["F", "maj7"]],
  }),
  broken: () => ({
    bpm: 92,
    color: "#4A9DE8",
    swing: 60,
    steps: bars(4, (bar) => [
      ...every(onBars([0, 7, 10], bar), "drum-kick", 1),
      ...every(onBars([4, 12], bar), "drum-snare", 0.9),
      ...every(onBars([0, 2, 4, 6, 8, 10, 12, 14], bar), "hat-closed", 0.6),
      ...every(onBars([0, 7, 10], bar), "bass", 0.9, ["A2", "F2", "C2", "G2"][bar / 16]),
    ]),
    chords: [["A", "min7"], ["F", "maj7"], ["C", "maj7"], ["G", "6"]],
    key: "Am",
    chord_sound: "pad",
  }),
};

const loop = (name, { chords, ...rest }) => ({
  name, bars: 4, color: "#E85D4A", key: "C", swing: 50, chord_sound: "keys", ...rest,
  chords: chords.map(([root, quality], bar) => ({ beat: bar * 4, root, quality })),
});

const row = (sound, letters) => ({ sound, steps: [...letters].map((letter) => ({ x: 0.8, X: 1, o: 0.4 })[letter] ?? 0), notes: [] });

export const FRESH = {
  loop: () => loop("First loop", BEATS.house()),
  broken: () => loop("Late bus", BEATS.broken()),
  empty: () => loop("Untitled loop", BEATS.empty()),
  pattern: () => ({
    name: "Pattern", bpm: 104, beats: 4, steps_per_beat: 4, key: "C", swing: 50,
    rows: [row("clave", "..x...x...x..x.."), row("conga-slap", "....x.......x..."), row("conga-open", "............x.x."), row("bongo-high", "x.oox.oox.oox.oo"), row("maraca", "xxxxxxxxxxxxxxxx"), row("bell-mouth", "x...x...x...x...")],
  }),
  machine: (tables) => machine(tables, "salsa"),
  merengue: (tables) => machine(tables, "merengue"),
  song: () => ({ name: "Song", bpm: 110, meter: "4/4", blocks: [] }),
};
export const KIND_OF = { song: "song", loop: "loop", broken: "loop", empty: "loop", pattern: "pattern", machine: "machine", merengue: "machine" };

function machine(tables, style) {
  return {
    name: `${tables.styles[style].label} band`, style, bpm: tables.styles[style].bpm, key: "C",
    players: Object.entries(tables.styles[style].instruments).map(([instrument, programs]) => ({ instrument, program: Object.keys(programs)[0], volume: 0.8, muted: false })),
  };
}
