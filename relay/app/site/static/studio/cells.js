// A loop and a pattern as the same thing: rows by steps, and in each cell the hits that fall there.
// names: of rows, as all who edit it know them. A hit is { velocity, note }; a cell of a loop may hold several (a MIDI file's chord), one of a pattern at most one.
// The name and the place that a row of a pattern has for those who edit it together (trees.js). Whatever copies the row keeps it; what is stored or sent has none.
export const ROW = Symbol("row");
export const STEPS_PER_BAR = 16;
const MOST_STEPS = 1024;
export const at = (row, step) => row * MOST_STEPS + step;
export const rowOf = (key) => Math.floor(key / MOST_STEPS);
export const stepOf = (key) => key % MOST_STEPS;

const LOOP = {
  sounds: (body, tables) => [...tables.studio, ...new Set(body.steps.map((each) => each.sound).filter((sound) => !tables.studio.includes(sound)))],
  names(body, tables) { return this.sounds(body, tables); },
  steps: (body) => body.bars * STEPS_PER_BAR,
  perBeat: () => 4,
  perBar: () => STEPS_PER_BAR,
  cells(body, tables) {
    const [rows, cells] = [new Map(this.sounds(body, tables).map((sound, row) => [sound, row])), new Map()];
    for (const { step, sound, velocity, note } of body.steps) {
      const key = at(rows.get(sound), step);
      cells.set(key, [...(cells.get(key) ?? []), { velocity, note: note ?? null }]);
    }
    return cells;
  },
  withCells(body, cells, tables) {
    const sounds = this.sounds(body, tables);
    const keys = [...cells.keys()].sort((a, b) => stepOf(a) - stepOf(b) || a - b);
    return { ...body, steps: keys.flatMap((key) => cells.get(key).map((hit) => ({ step: stepOf(key), sound: sounds[rowOf(key)], ...hit }))) };
  },
};

const PATTERN = {
  sounds: (body) => body.rows.map((row) => row.sound),
  names: (body) => body.rows.map((row, n) => row[ROW]?.id ?? String(n)),
  steps: (body) => body.beats * body.steps_per_beat,
  perBeat: (body) => body.steps_per_beat,
  perBar: (body) => body.steps_per_beat * 4,
  cells(body) {
    const cells = new Map();
    body.rows.forEach((row, r) => row.steps.forEach((velocity, step) => {
      if (velocity > 0) cells.set(at(r, step), [{ velocity, note: row.notes[step] ?? null }]);
    }));
    return cells;
  },
  withCells(body, cells) {
    const rows = body.rows.map((row, r) => {
      const hits = Array.from({ length: this.steps(body) }, (_, step) => cells.get(at(r, step))?.[0]);
      const notes = hits.map((hit) => hit?.note ?? null);
      return { ...row, steps: hits.map((hit) => hit?.velocity ?? 0), notes: notes.some((note) => note !== null) ? notes : [] };
    });
    return { ...body, rows };
  },
};

export const GRIDS = { loop: LOOP, pattern: PATTERN };

// The chord that sounds at a step of a loop; null: none does.
export function chordAt(body, step) {
  return (body.chords ?? []).filter((chord) => chord.beat * 4 <= step).at(-1) ?? null;
}

// What there is, without what is muted, or with nothing but what is played alone. chords: a row of its own, by this name.
export const CHORDS = "chords";
export function audible(kind, body, { muted, solo }) {
  const heard = (name) => (solo.size ? solo.has(name) : !muted.has(name));
  if (kind === "loop") return { ...body, chord_sound: heard(CHORDS) ? body.chord_sound : null, steps: body.steps.filter((each) => heard(each.sound)) };
  if (kind === "song") return { ...body, blocks: body.blocks.filter((each) => heard(each.loop)) };
  if (kind === "pattern") return { ...body, rows: body.rows.filter((row) => heard(row.sound)) };
  return { ...body, players: body.players.map((each) => ({ ...each, muted: each.muted || (solo.size > 0 && !solo.has(each.instrument)) })) };
}
