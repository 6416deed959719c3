// Work as files: MIDI, JSON and sound out; MIDI and JSON in.
import { FRESH } from "./fresh.js";
import { BadFile, asLoop, written } from "./midi.js";

const RATE_HZ = 48000;
const MOST_BYTES = 1_000_000;
const FORMAT = "sidechain-studio";

const named = (body, ending) => `${body.name.replace(/[^\p{L}\p{N} _-]/gu, "").trim() || "Untitled"}.${ending}`;

function save(data, type, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([data], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

// What rings behind `frames` begins the loop, so that it turns without a seam. 16 bits, and never louder than they hold.
function wave(buffer, frames) {
  const sides = [0, 1].map((side) => {
    const [sound, turned] = [buffer.getChannelData(side), new Float32Array(frames)];
    for (let n = 0; n < sound.length; n++) turned[n % frames] += sound[n];
    return turned;
  });
  const peak = Math.max(1, ...sides.map((side) => side.reduce((most, value) => Math.max(most, Math.abs(value)), 0)));
  const view = new DataView(new ArrayBuffer(44 + frames * 4));
  const word = (at, letters) => [...letters].forEach((letter, n) => view.setUint8(at + n, letter.charCodeAt(0)));
  word(0, "RIFF"); view.setUint32(4, 36 + frames * 4, true); word(8, "WAVEfmt "); view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); view.setUint16(22, 2, true); view.setUint32(24, RATE_HZ, true); view.setUint32(28, RATE_HZ * 4, true);
  view.setUint16(32, 4, true); view.setUint16(34, 16, true); word(36, "data"); view.setUint32(40, frames * 4, true);
  for (let n = 0; n < frames; n++) sides.forEach((side, s) => view.setInt16(44 + n * 4 + s * 2, Math.round((side[n] / peak) * 32767), true));
  return view.buffer;
}

// The loops that a song is made of.
const namedIn = (body, loops) => Object.fromEntries(body.blocks.filter(({ loop }) => loop in loops).map(({ loop }) => [loop, loops[loop]]));

export const EXPORTS = {
  midi: ({ body, score, tables }) => save(written(score, body.name, tables.sounds), "audio/midi", named(body, "mid")),
  json: ({ kind, body, loops }) => save(JSON.stringify({ format: FORMAT, version: 1, kind, body, ...(kind === "song" && { loops: namedIn(body, loops) }) }, null, 1), "application/json", named(body, "json")),
  async wav({ kind, body, score }) {
    const sound = await Kit.rendered(score, RATE_HZ);
    save(wave(sound, kind === "song" ? sound.length : Score.frameOf(score.length, score.bpm, RATE_HZ)), "audio/wav", named(body, "wav"));
  },
};

// { kind, body, told, loops }: those of a song. Throws BadFile, with a sentence for who chose the file.
export async function opened(file, tables) {
  if (file.size > MOST_BYTES) throw new BadFile("This file is over one megabyte: choose a smaller one.");
  const bytes = new Uint8Array(await file.arrayBuffer());
  const name = file.name.replace(/\.\w+$/, "");
  if (bytes[0] !== 0x7b) return { kind: "loop", ...asLoop(bytes, name, FRESH.empty()) };
  let read;
  try {
    read = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (read.format !== FORMAT || !["loop", "pattern", "machine", "song"].includes(read.kind)) throw new BadFile("This JSON file is no work of the studio.");
    const loops = read.loops ?? {};
    for (const loop of Object.values(loops)) Score.compile("loop", loop, tables);
    Score.compile(read.kind, read.kind === "song" ? { ...read.body, blocks: read.body.blocks.filter(({ loop }) => loop in loops) } : read.body, tables, loops);
  } catch (error) {
    throw error instanceof BadFile ? error : new BadFile("This file is no work of the studio, or it is broken.");
  }
  return { kind: read.kind, body: read.body, told: [], loops: read.loops ?? {} };
}
