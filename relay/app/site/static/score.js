// Loops, songs, patterns and machines as one list of notes: the rules of audio/score/compiled.py, number for number.
// What sounds, chords and programs there are is asked of the relay (tables); positions are whole ticks, 960 to a quarter.
"use strict";

const Score = (() => {
  const TICKS = 960;
  const MAX_NOTES = 50000;
  const [BEATS, STEPS, MACHINE_BARS, CHORD_VELOCITY] = [4, 16, 4, 0.7];
  const LETTERS = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
  const ACCIDENTALS = { "": 0, "#": 1, b: -1 };
  const LOWEST_ROOT = 53;

  class BadScore extends Error {}

  // A custom instrument that the relay does not have, or no longer (audio/score/sounds.py): its notes stay where they are, and are silent.
  const CUSTOM = /^custom-([a-z0-9-]{1,25})$/;
  const GONE = { note: 60, is_pitched: true, is_held: false, repeats: false, pan: 0, gain: 0.7, program: null, drum: 37, isGone: true };
  function soundOf(sounds, name) {
    if (Object.hasOwn(sounds, name) || !CUSTOM.test(name)) return sounds[name];
    const words = CUSTOM.exec(name)[1].replace(/-[^-]*$/, "").replaceAll("-", " ").trim();
    return { ...GONE, label: `${words.charAt(0).toUpperCase()}${words.slice(1)} (gone)` };
  }

  const rest = (n, by) => ((n % by) + by) % by;
  const pitchClass = (name) => {
    const found = /^([A-G])([#b]?)$/.exec(name);
    if (!found) throw new BadScore(`${name} is no note.`);
    return rest(LETTERS[found[1]] + ACCIDENTALS[found[2]], 12);
  };
  const noteNumber = (name) => {
    const found = /^([A-G])([#b]?)(-1|[0-9])$/.exec(name);
    return found ? 12 * (Number(found[3]) + 1) + LETTERS[found[1]] + ACCIDENTALS[found[2]] : 0;
  };
  const chordNotes = (root, quality, tables) => {
    const lowest = LOWEST_ROOT + rest(pitchClass(root) - LOWEST_ROOT, 12);
    return tables.qualities[quality].map((each) => lowest + each);
  };
  const swung = (step, swing) => {
    const late = Math.floor((2 * step * swing) / 100);
    return (n) => Math.floor(n / 2) * 2 * step + (n % 2) * late;
  };
  const note = (tables, start, length, sound, named, velocity) => {
    const { note: own, is_pitched: pitched } = soundOf(tables.sounds, sound);
    return { start, length, sound, number: named != null && pitched ? noteNumber(named) : own, velocity };
  };

  // Of its bars the first `beats` quarters.
  function* ofLoop(loop, beats, tables) {
    const [bar, step] = [beats * TICKS, (TICKS * BEATS) / STEPS];
    const placed = swung(step, loop.swing);
    for (const each of loop.steps) {
      const inBar = each.step % STEPS;
      if (inBar < (beats * STEPS) / BEATS && each.velocity > 0) {
        const start = Math.floor(each.step / STEPS) * bar + placed(inBar);
        yield note(tables, start, step, each.sound, each.note, each.velocity);
      }
    }
    if (loop.chord_sound === null) return;
    const at = (beat) => Math.floor(beat / BEATS) * bar + Math.min(beat % BEATS, beats) * TICKS;
    for (const [n, chord] of loop.chords.entries()) {
      if (chord.beat % BEATS >= beats) continue;
      const end = n + 1 < loop.chords.length ? loop.chords[n + 1].beat : loop.bars * BEATS;
      for (const number of chordNotes(chord.root, chord.quality, tables)) {
        yield { start: at(chord.beat), length: at(end) - at(chord.beat), sound: loop.chord_sound, number, velocity: CHORD_VELOCITY };
      }
    }
  }

  function* ofBlock(block, loop, beats, tables) {
    const bar = beats * TICKS;
    const once = [...ofLoop(loop, beats, tables)];
    const end = (block.start + block.bars) * bar;
    for (let turn = block.start * bar; turn < end; turn += loop.bars * bar) {
      for (const each of once) {
        const start = turn + each.start;
        if (start < end) yield { ...each, start, length: Math.min(each.length, end - start) };
      }
    }
  }

  function* ofRows(pattern, tables) {
    const step = TICKS / pattern.steps_per_beat;
    const placed = swung(step, pattern.swing);
    for (const row of pattern.rows) {
      for (const [n, velocity] of row.steps.entries()) {
        if (velocity > 0) yield note(tables, placed(n), step, row.sound, row.notes.length ? row.notes[n] : null, velocity);
      }
    }
  }

  function* ofPlayers(playing, moved, length, tables) {
    for (const [program, volume, transpose] of playing) {
      for (let turn = 0; turn < length; turn += program.length) {
        for (const [start, long, sound, number, velocity] of program.notes) {
          const by = tables.sounds[sound].is_pitched ? moved + transpose : 0;
          yield { start: turn + start, length: long, sound, number: number + by, velocity: velocity * volume };
        }
      }
    }
  }

  const order = (a, b) =>
    a.start - b.start || (a.sound < b.sound ? -1 : a.sound > b.sound ? 1 : 0) || a.number - b.number || a.velocity - b.velocity || a.length - b.length;

  function compiled(notes, length, bpm, beats = BEATS) {
    const found = [];
    for (const each of notes) {
      if (found.length === MAX_NOTES) throw new BadScore(`More than ${MAX_NOTES} notes: shorten it, or leave sounds out.`);
      found.push(each);
    }
    return { notes: found.sort(order), length, bpm, beats };
  }

  const divisor = (a, b) => (b ? divisor(b, a % b) : a);

  const KINDS = {
    loop: (loop, tables) => compiled(ofLoop(loop, BEATS, tables), loop.bars * BEATS * TICKS, loop.bpm),
    song(song, tables, loops) {
      const beats = tables.meters[song.meter];
      const missing = song.blocks.map((block) => block.loop).filter((id) => !(id in loops)).sort();
      if (missing.length) throw new BadScore(`A block of loop ${missing[0]}, which is not there.`);
      const bars = Math.max(0, ...song.blocks.map((block) => block.start + block.bars));
      const notes = (function* all() { for (const block of song.blocks) yield* ofBlock(block, loops[block.loop], beats, tables); })();
      return compiled(notes, bars * beats * TICKS, song.bpm, beats);
    },
    pattern: (pattern, tables) => compiled(ofRows(pattern, tables), pattern.beats * TICKS, pattern.bpm),
    machine(machine, tables) {
      const style = tables.styles[machine.style];
      if (!style) throw new BadScore(`Machine ${machine.style}: there is none.`);
      const playing = [];
      for (const player of machine.players) {
        const program = (style.instruments[player.instrument] ?? {})[player.program];
        if (!program) throw new BadScore(`${player.instrument} ${player.program}: the ${machine.style} machine has no such program.`);
        if (!player.muted && player.volume > 0) playing.push([program, player.volume, player.transpose ?? 0]);
      }
      const length = playing.reduce((all, [{ length: one }]) => (all * one) / divisor(all, one), MACHINE_BARS * BEATS * TICKS);
      const up = pitchClass(machine.key.replace(/m$/, ""));
      return compiled(ofPlayers(playing, up <= 6 ? up : up - 12, length, tables), length, machine.bpm);
    },
  };

  // kind: loop, song, pattern or machine. loops: of a song, by id. The frame of a note: see frameOf.
  const compile = (kind, body, tables, loops = {}) => KINDS[kind](body, tables, loops);
  const frameOf = (ticks, bpm, rate) => Math.floor((2 * ticks * 60 * rate + TICKS * bpm) / (2 * TICKS * bpm));

  return { TICKS, BadScore, soundOf, compile, frameOf, pitchClass, noteNumber, chordNotes };
})();
