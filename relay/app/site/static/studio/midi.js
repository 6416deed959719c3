// Standard MIDI Files (RP-001, version 1.0), as audio/score/midi.py writes and reads them: a compiled score as one, and one as a loop.
import { STEPS_PER_BAR } from "./cells.js";
import { noteName } from "./music.js";

const DRUM_CHANNEL = 9; // channel 10 as people count
const MOST_BYTES = 1_000_000;
const MOST_NOTES = 2048;
const LENGTHS = [1, 2, 4, 8];
// General MIDI's percussion, by what of ours is nearest.
const DRUMS = {
  35: "drum-kick", 36: "drum-kick", 37: "drum-rim", 38: "drum-snare", 39: "drum-clap", 40: "drum-snare", 41: "tom-low", 42: "hat-closed", 43: "tom-low",
  44: "hat-closed", 45: "tom-low", 46: "hat-open", 47: "tom-high", 48: "tom-high", 49: "cymbal", 50: "tom-high", 51: "cymbal", 52: "cymbal", 53: "cymbal",
  54: "shaker", 55: "cymbal", 56: "cowbell", 57: "cymbal", 59: "cymbal", 60: "bongo-high", 61: "bongo-low", 62: "conga-slap", 63: "conga-open",
  64: "tumba-open", 65: "timbal-high", 66: "timbal-low", 69: "shaker", 70: "shaker", 73: "guiro-short", 74: "guiro-long", 75: "clave", 76: "clave", 77: "clave", 82: "shaker",
};

export class BadFile extends Error {}

const number = (value, bytes) => Array.from({ length: bytes }, (_, n) => (value >> (8 * (bytes - 1 - n))) & 255);
function spread(value) { // seven bits to a byte, the last without its highest bit
  const bytes = [value & 127];
  for (let left = value >> 7; left; left >>= 7) bytes.unshift((left & 127) | 128);
  return bytes;
}
const text = (kind, words) => { const data = [...new TextEncoder().encode(words)]; return [0xff, kind, ...spread(data.length), ...data]; };
const chunk = (name, bytes) => [...new TextEncoder().encode(name), ...number(bytes.length, 4), ...bytes];

// messages: [tick, order, bytes]; what ends at a tick comes before what begins there.
function track(name, messages, end) {
  const bytes = [0, ...text(3, name)];
  let now = 0;
  for (const [tick, , message] of messages.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    bytes.push(...spread(tick - now), ...message);
    now = tick;
  }
  return chunk("MTrk", [...bytes, ...spread(Math.max(end - now, 0)), 0xff, 0x2f, 0]);
}

// Format 1: tempo and name first, then a track for each sound.
export function written(score, name, sounds) {
  const tempo = [0, -1, [0xff, 0x51, 3, ...number(Math.round(60_000_000 / score.bpm), 3)]];
  const tracks = [track(name, [tempo, [0, 0, [0xff, 0x58, 4, score.beats, 2, 24, 8]]], score.length)];
  const channels = Array.from({ length: 16 }, (_, n) => n).filter((n) => n !== DRUM_CHANNEL);
  for (const sound of [...new Set(score.notes.map((note) => note.sound))].sort()) {
    const { label, program, drum } = sounds[sound];
    const channel = program === null ? DRUM_CHANNEL : channels.shift();
    const messages = program === null ? [] : [[0, -1, [0xc0 | channel, program]]];
    for (const note of score.notes.filter((each) => each.sound === sound)) {
      const key = program === null ? drum : note.number;
      messages.push([note.start, 1, [0x90 | channel, key, Math.max(Math.round(note.velocity * 127), 1)]], [note.start + note.length, 0, [0x80 | channel, key, 64]]);
    }
    tracks.push(track(label, messages, score.length));
  }
  return new Uint8Array([...chunk("MThd", [...number(1, 2), ...number(tracks.length, 2), ...number(Score.TICKS, 2)]), ...tracks.flat()]);
}

class Reader {
  constructor(bytes, at = 0, end = bytes.length) { Object.assign(this, { bytes, at, end }); }
  byte() {
    if (this.at >= this.end) throw new BadFile("This is no MIDI file, or it is broken.");
    return this.bytes[this.at++];
  }
  number(count) { let value = 0; while (count--) value = value * 256 + this.byte(); return value; }
  spread() { let [value, byte] = [0, 128]; for (let n = 0; byte & 128 && n < 4; n++) { byte = this.byte(); value = value * 128 + (byte & 127); } return value; }
  word() { return String.fromCharCode(this.byte(), this.byte(), this.byte(), this.byte()); }
  part(length) { const part = new Reader(this.bytes, this.at, Math.min(this.at + length, this.end)); this.at = part.end; return part; }
}

// One track's notes: [start, channel, number, velocity], and what tempo and programs it says.
function readTrack(reader, found) {
  let [now, status] = [0, 0];
  while (reader.at < reader.end) {
    now += reader.spread();
    if (reader.bytes[reader.at] & 128) status = reader.byte();
    if (status === 0xff) {
      const [kind, part] = [reader.byte(), reader.part(reader.spread())];
      if (kind === 0x51 && found.tempo === null) found.tempo = part.number(3) || null;
      if (kind === 0x2f) return;
    } else if (status === 0xf0 || status === 0xf7) {
      reader.part(reader.spread());
    } else {
      const [kind, channel, first] = [status >> 4, status & 15, reader.byte()];
      const second = kind === 0xc || kind === 0xd ? 0 : reader.byte();
      if (kind === 0xc) found.programs[channel] ??= first;
      if (kind === 0x9 && second > 0) found.notes.push([now, channel, first & 127, Math.min(second, 127) / 127]);
    }
  }
}

// { bpm, notes: [[start in ticks of Score.TICKS, channel, number, velocity]], programs: by channel }. Throws BadFile.
export function read(bytes) {
  if (bytes.length > MOST_BYTES) throw new BadFile("This MIDI file is over one megabyte: choose a smaller one.");
  const reader = new Reader(bytes);
  if (bytes.length < 14 || reader.word() !== "MThd") throw new BadFile("This is no MIDI file, or it is broken.");
  const head = reader.part(reader.number(4));
  head.number(4);
  const division = head.number(2);
  if (!division || division & 0x8000) throw new BadFile("This MIDI file counts time in frames of film; one that counts in quarters is needed.");
  const found = { tempo: null, programs: {}, notes: [] };
  while (reader.at + 8 <= reader.end) {
    const name = reader.word();
    const part = reader.part(reader.number(4));
    if (name === "MTrk") readTrack(part, found);
  }
  const notes = found.notes.map(([start, ...rest]) => [Math.floor((start * Score.TICKS) / division), ...rest]);
  return { bpm: found.tempo === null ? 120 : 60_000_000 / found.tempo, programs: found.programs, notes: notes.sort((a, b) => a[0] - b[0]) };
}

function soundOf(program, isLow) {
  if ((program >= 32 && program <= 39) || (isLow && program === undefined)) return "bass";
  if (program >= 80 && program <= 87) return "synth-lead";
  if (program >= 88 && program <= 103) return "pad";
  return program >= 24 && program <= 31 ? "synth-pluck" : "keys";
}

// A loop of it, each note on the nearest sixteenth. told: what of the file did not fit, as sentences.
export function asLoop(bytes, name, fresh) {
  const { bpm, notes, programs } = read(bytes);
  if (!notes.length) throw new BadFile("There is no note in this MIDI file.");
  const step = (start) => Math.round(start / (Score.TICKS / 4));
  const bars = LENGTHS.find((count) => count * STEPS_PER_BAR > step(notes.at(-1)[0])) ?? LENGTHS.at(-1);
  const lowest = {};
  for (const [, channel, key] of notes) lowest[channel] = Math.min(lowest[channel] ?? 127, key);
  const hits = new Map();
  let [behind, strange] = [0, 0];
  for (const [start, channel, key, velocity] of notes) {
    const sound = channel === DRUM_CHANNEL ? DRUMS[key] : soundOf(programs[channel], lowest[channel] < 45);
    if (step(start) >= bars * STEPS_PER_BAR) behind++;
    else if (!sound) strange++;
    else {
      const note = channel === DRUM_CHANNEL ? null : noteName(key);
      hits.set(`${sound} ${step(start)} ${note}`, { step: step(start), sound, velocity: Math.round(velocity * 100) / 100, note });
    }
  }
  const steps = [...hits.values()].slice(0, MOST_NOTES);
  const told = [];
  if (behind) told.push(`${behind} notes lie behind bar ${bars} and were left out.`);
  if (strange) told.push(`${strange} strokes of percussion have no sound here and were left out.`);
  if (hits.size > MOST_NOTES) told.push(`A loop holds at most ${MOST_NOTES} notes: ${hits.size - MOST_NOTES} were left out.`);
  return { told, body: { ...fresh, name: name.slice(0, 100) || "From MIDI", bars, bpm: Math.min(Math.max(Math.round(bpm), 40), 240), steps, chords: [] } };
}
