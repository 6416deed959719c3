// A tus client that we did not write (npm tus-js-client): node client.js '{"endpoint": …, "file": …, …}'.
// It sends the file, or ends it on the way where asked, and says what it met as one line of JSON.
import { createReadStream, readFileSync } from "node:fs";
import { Upload } from "tus-js-client";

const asked = JSON.parse(process.argv[2]);
const met = { offsets: [], retries: 0 };
const say = (more) => console.log(JSON.stringify({ ...met, ...more }));
const size = readFileSync(asked.file).length;

const upload = new Upload(createReadStream(asked.file), {
  endpoint: asked.endpoint,
  uploadUrl: asked.uploadUrl ?? null,
  uploadSize: size,
  chunkSize: asked.chunkBytes ?? size,
  uploadDataDuringCreation: asked.duringCreation ?? false,
  overridePatchMethod: asked.overridePatchMethod ?? false,
  headers: { Authorization: `Bearer ${asked.token}`, ...asked.headers },
  metadata: { filename: "take.flac", filetype: "audio/flac" },
  retryDelays: Array(asked.retries ?? 0).fill(0),
  onShouldRetry: () => { met.retries += 1; return true; },
  onChunkComplete: (_, accepted) => {
    met.offsets.push(accepted);
    if (asked.endAfter && accepted >= asked.endAfter) {
      upload.abort(asked.terminate ?? false).then(() => say({ url: upload.url, ended: true }));
    }
  },
  onSuccess: () => say({ url: upload.url }),
  onError: (error) => say({ error: String(error) }),
});
upload.start();
