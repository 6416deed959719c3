// Reads the named peak files, .dat or .json, with waveform-data; prints what it understood of each as one JSON list.
// Not the reading of sound: waveform-data can make peaks too, and is not asked to.
"use strict";

const fs = require("fs");
const WaveformData = require("waveform-data");

function told(path) {
  const bytes = fs.readFileSync(path);
  const content = path.endsWith(".json")
    ? JSON.parse(bytes)
    : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const read = WaveformData.create(content);
  const channels = Array.from({ length: read.channels }, (_, index) => read.channel(index));
  return {
    rate_hz: read.sample_rate,
    frames_per_point: read.scale,
    points: read.length,
    bits: read.bits,
    minimum: channels.map((channel) => channel.min_array()),
    maximum: channels.map((channel) => channel.max_array()),
  };
}

console.log(JSON.stringify(process.argv.slice(2).map(told)));
