// A score as a tree of maps, which is what several people edit at once (docs/coediting.md): each part under a key of its own, nothing by its
// place. The same as the relay's relay/features/coediting/trees.py; a test holds one to the other. Nothing here knows a document.
import { ROW } from "./cells.js";
import { freshId } from "./ids.js";

const [STEPS_PER_BAR, BEATS_PER_BAR, NO_NOTE] = [16, 4, "-"];
const MOST = { chords: 64, steps: 2048, blocks: 500, bars: 1000, rows: 32 };
const VALUES = {
  loop: ["name", "bars", "color", "bpm", "key", "swing", "chord_sound"],
  song: ["name", "bpm", "meter"],
  pattern: ["name", "bpm", "beats", "steps_per_beat", "key", "swing", "description"],
};
export const KINDS = Object.keys(VALUES);

const byOrder = (a, b) => {
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return a[n] < b[n] ? -1 : 1;
  return 0;
};
const entries = (tree, name) => Object.entries(tree[name] ?? {});

const LOOP = {
  into({ chords, steps }) {
    const named = {};
    for (const { step, sound, note, velocity } of steps) {
      const name = `${step} ${sound} ${note ?? NO_NOTE}`;
      let [key, n] = [name, 1];
      while (key in named) key = `${name} ${++n}`;
      named[key] = velocity;
    }
    return { chords: Object.fromEntries(chords.map(({ beat, root, quality }) => [beat, [root, quality]])), steps: named };
  },
  out(tree) {
    const chords = entries(tree, "chords").map(([beat, [root, quality]]) => ({ beat: Number(beat), root, quality }))
      .filter(({ beat }) => beat < tree.bars * BEATS_PER_BAR).sort((a, b) => a.beat - b.beat).slice(0, MOST.chords);
    const steps = entries(tree, "steps").map(([key, velocity]) => {
      const [step, sound, note, nth] = key.split(" ");
      return { order: [Number(step), sound, note, Number(nth ?? 1)], hit: { step: Number(step), sound, velocity, note: note === NO_NOTE ? null : note } };
    }).filter(({ hit }) => hit.step < tree.bars * STEPS_PER_BAR).sort((a, b) => byOrder(a.order, b.order)).slice(0, MOST.steps);
    return { chords, steps: steps.map(({ hit }) => hit) };
  },
};

const SONG = {
  into: ({ blocks }) => ({ blocks: Object.fromEntries(blocks.map(({ id, loop, start, bars }) => [id, { loop, start, bars }])) }),
  out: (tree) => ({
    blocks: entries(tree, "blocks").map(([id, { loop, start, bars }]) => ({ id, loop, start, bars: Math.min(bars, MOST.bars - start) }))
      .sort((a, b) => byOrder([a.start, a.id], [b.start, b.id])).slice(0, MOST.blocks),
  }),
};

const filled = (values) => Object.fromEntries(values.map((each, at) => [at, each]).filter(([, each]) => each));

const PATTERN = {
  into({ rows }, like) {
    const there = entries(like, "rows").map(([id, { place }]) => ({ id, place })).sort((a, b) => byOrder([a.place, a.id], [b.place, b.id]));
    const isNamed = rows.some((row) => row[ROW]); // of what was stored none is: then they are called as those that are there
    let last = Math.max(-1, ...there.map(({ place }) => place));
    return { rows: Object.fromEntries(rows.map((row, n) => {
      const { id, place } = row[ROW] ?? (isNamed ? null : there[n]) ?? { id: freshId().slice(0, 8), place: ++last };
      return [id, { sound: row.sound, place, steps: filled(row.steps), notes: filled(row.notes) }];
    })) };
  },
  out(tree) {
    const count = tree.beats * (tree.steps_per_beat ?? 4);
    if (!(count >= 0 && count <= 1024)) throw new Error("This pattern has no such length.");
    const rows = entries(tree, "rows").sort(([a, one], [b, other]) => byOrder([one.place, a], [other.place, b])).slice(0, MOST.rows);
    return { rows: rows.map(([id, { sound, place, steps = {}, notes = {} }]) => {
      const found = Array.from({ length: count }, (_, at) => notes[at] ?? null);
      return { sound, steps: Array.from({ length: count }, (_, at) => steps[at] ?? 0), notes: found.some((note) => note !== null) ? found : [], [ROW]: { id, place } };
    }) };
  },
};

const PARTS = { loop: LOOP, song: SONG, pattern: PATTERN };
const picked = (from, names) => Object.fromEntries(names.filter((each) => each in from).map((each) => [each, from[each]]));

// like: the tree that it becomes part of.
export const treeOf = (kind, body, like = {}) => ({ ...picked(body, VALUES[kind]), ...PARTS[kind].into(body, like) });

// Throws where somebody has written what no studio writes.
export const bodyOf = (kind, tree) => ({ ...picked(tree, VALUES[kind]), ...PARTS[kind].out(tree) });

export const kindOf = (tree) => ("rows" in tree ? "pattern" : "blocks" in tree ? "song" : "loop");

const isTree = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isSame = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);

// What makes `now` of `was`: { path, value }, or without a value: nothing is there.
export function* edits(was, now, path = []) {
  for (const key of Object.keys(was)) if (!(key in now)) yield { path: [...path, key] };
  for (const [key, after] of Object.entries(now)) {
    const before = was[key];
    if (isTree(before) && isTree(after)) yield* edits(before, after, [...path, key]);
    else if (!(key in was) || !isSame(before, after)) yield { path: [...path, key], value: after };
  }
}
