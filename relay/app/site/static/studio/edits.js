// Everything that can be done to a loop, pattern, machine or song (song_edits.js): a table of commands, body in, body out. What changes nothing returns the same body.
import { GRIDS, at, chordAt, rowOf, stepOf } from "./cells.js";
import { SONG_EDITS } from "./song_edits.js";
import { distance, fittingNote, movedNote, movedRoot, noteName } from "./music.js";

export const LIMITS = { bpm: [40, 240], swing: [50, 75], beats: [1, 64], rows: 32, steps: 2048, name: 100 };
export const PLAIN_VELOCITY = 0.8;
const LEAST_VELOCITY = 0.1;
const bounded = (value, [low, high]) => Math.min(Math.max(Math.round(value), low), high);
const louder = (velocity, by) => Math.round(Math.min(Math.max(velocity + by, LEAST_VELOCITY), 1) * 100) / 100;

// change: of the cells, by key; returns the hits, or null for none.
function onCells({ kind, body, tables }, keys, change) {
  const grid = GRIDS[kind];
  const [cells, steps] = [grid.cells(body, tables), grid.steps(body)];
  const rows = grid.sounds(body, tables).length;
  let changed = false;
  for (const key of keys) {
    if (stepOf(key) >= steps || rowOf(key) >= rows) continue;
    const hits = change(cells.get(key) ?? null, key);
    if (hits === (cells.get(key) ?? null)) continue;
    if (hits) cells.set(key, hits);
    else cells.delete(key);
    changed = true;
  }
  return changed ? grid.withCells(body, cells, tables) : body;
}

const soundAt = ({ kind, body, tables }, row) => tables.sounds[GRIDS[kind].sounds(body, tables)[row]];

// The hit that a press places.
export function freshHit(work, row, step) {
  const sound = soundAt(work, row);
  return { velocity: PLAIN_VELOCITY, note: sound.is_pitched ? fittingNote(sound.note, work.body.key, chordAt(work.body, step)) : null };
}

function withLength(work, body, oldSteps, newSteps) {
  const grid = GRIDS[work.kind];
  const cells = new Map();
  for (const [key, hits] of grid.cells(work.body, work.tables)) {
    for (let step = stepOf(key); step < newSteps; step += oldSteps) cells.set(at(rowOf(key), step), hits);
  }
  return grid.withCells(body, cells, work.tables);
}

const GRID_EDITS = {
  place: (work, { keys }) => onCells(work, keys, (hits, key) => hits ?? [freshHit(work, rowOf(key), stepOf(key))]),
  erase: (work, { keys }) => onCells(work, keys, () => null),
  louder: (work, { keys, by }) => onCells(work, keys, (hits) => hits?.map((hit) => ({ ...hit, velocity: louder(hit.velocity, by) })) ?? null),
  velocity: (work, { keys, to }) => onCells(work, keys, (hits) => hits?.map((hit) => ({ ...hit, velocity: louder(to, 0) })) ?? null),
  transpose: (work, { keys, by }) => onCells(work, keys, (hits, key) => {
    const sound = soundAt(work, rowOf(key));
    if (!hits || !sound.is_pitched) return hits;
    return hits.map((hit) => ({ ...hit, note: movedNote(hit.note ?? noteName(sound.note), by, work.body.key) }));
  }),
  // Nothing moves if any of it would fall off the grid.
  move(work, { keys, rows, steps }) {
    const grid = GRIDS[work.kind];
    const cells = grid.cells(work.body, work.tables);
    const filled = [...keys].filter((key) => cells.has(key)).map((key) => [key, cells.get(key)]);
    const [rowCount, stepCount] = [grid.sounds(work.body, work.tables).length, grid.steps(work.body)];
    const fits = ([key]) => rowOf(key) + rows >= 0 && rowOf(key) + rows < rowCount && stepOf(key) + steps >= 0 && stepOf(key) + steps < stepCount;
    if (!filled.length || !filled.every(fits)) return work.body;
    for (const [key] of filled) cells.delete(key);
    for (const [key, hits] of filled) cells.set(at(rowOf(key) + rows, stepOf(key) + steps), hits);
    return grid.withCells(work.body, cells, work.tables);
  },
  paste(work, { clip, row, step }) {
    const placed = new Map(clip.cells.map(([down, on, hits]) => [at(row + down, step + on), hits]));
    return onCells(work, placed.keys(), (_, key) => placed.get(key));
  },
  clear: (work) => (work.kind === "loop" ? { ...work.body, steps: [], chords: [] } : GRIDS.pattern.withCells(work.body, new Map())),
  // A key moves what is in it along.
  key(work, { to }) {
    const by = distance(work.body.key, to);
    const keyed = { ...work.body, key: to };
    if (work.kind === "machine" || by === 0) return keyed;
    if (keyed.chords) keyed.chords = keyed.chords.map((chord) => ({ ...chord, root: movedRoot(chord.root, by, to) }));
    const all = GRIDS[work.kind].cells(keyed, work.tables).keys();
    return GRID_EDITS.transpose({ ...work, body: keyed }, { keys: [...all], by });
  },
};

const LOOP_EDITS = {
  // What a loop grows by repeats what there is.
  bars(work, { to }) {
    const { body } = work;
    if (to === body.bars) return body;
    const chords = [];
    for (let turn = 0; turn < to; turn += body.bars) {
      chords.push(...body.chords.map((chord) => ({ ...chord, beat: chord.beat + turn * 4 })).filter((chord) => chord.beat < to * 4));
    }
    return withLength(work, { ...body, bars: to, chords }, body.bars * 16, to * 16);
  },
  chord: ({ body }, { beat, root, quality }) => ({ ...body, chords: [...body.chords.filter((each) => each.beat !== beat), { beat, root, quality }].sort((a, b) => a.beat - b.beat) }),
  unchord: ({ body }, { beat }) => (body.chords.some((each) => each.beat === beat) ? { ...body, chords: body.chords.filter((each) => each.beat !== beat) } : body),
  chords: ({ body }, { chords }) => ({ ...body, chords: Array.from({ length: body.bars }, (_, bar) => ({ beat: bar * 4, ...chords[bar % chords.length] })) }),
  chord_sound: ({ body }, { to }) => ({ ...body, chord_sound: to }),
};

const PATTERN_EDITS = {
  beats: (work, { to }) => lengthened(work, { beats: bounded(to, LIMITS.beats) }),
  // Each hit stays at its time, or goes to the step before it.
  steps_per_beat(work, { to }) {
    const { body } = work;
    const finer = { ...body, steps_per_beat: to, rows: body.rows.map((row) => ({ ...row, steps: [], notes: [] })) };
    const cells = new Map([...GRIDS.pattern.cells(body)].map(([key, hits]) => [at(rowOf(key), Math.floor((stepOf(key) * to) / body.steps_per_beat)), hits]));
    return GRIDS.pattern.withCells(finer, cells);
  },
  add_row: ({ body }, { sound }) => (body.rows.length < LIMITS.rows ? { ...body, rows: [...body.rows, { sound, steps: Array(body.beats * body.steps_per_beat).fill(0), notes: [] }] } : body),
  remove_row: ({ body }, { row }) => ({ ...body, rows: body.rows.filter((_, n) => n !== row) }),
};

function lengthened(work, { beats }) {
  const { body } = work;
  return beats === body.beats ? body : withLength(work, { ...body, beats }, body.beats * body.steps_per_beat, beats * body.steps_per_beat);
}

const MACHINE_EDITS = {
  player: ({ body }, { instrument, ...change }) => ({ ...body, players: body.players.map((each) => (each.instrument === instrument ? { ...each, ...change } : each)) }),
};

export const EDITS = {
  ...GRID_EDITS,
  ...LOOP_EDITS,
  ...PATTERN_EDITS,
  ...MACHINE_EDITS,
  ...SONG_EDITS,
  name: ({ body }, { to }) => (to.trim() ? { ...body, name: to.slice(0, LIMITS.name) } : body),
  bpm: ({ body }, { to }) => ({ ...body, bpm: bounded(to, LIMITS.bpm) }),
  swing: ({ body }, { to }) => ({ ...body, swing: bounded(to, LIMITS.swing) }),
  color: ({ body }, { to }) => ({ ...body, color: to }),
};

// One edit by its name. { body } or { trouble }: a sentence for who edits.
export function applied(work, name, args = {}) {
  const body = EDITS[name](work, args);
  if (work.kind === "loop" && body.steps.length > LIMITS.steps) return { trouble: `A loop holds at most ${LIMITS.steps} notes: take some away first.` };
  return { body };
}
