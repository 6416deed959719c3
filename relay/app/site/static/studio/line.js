// The line to a document that several edit: the y-websocket protocol, sync and awareness, over a WebSocket that comes back by itself.
const [SYNC, AWARENESS, DENIED, ASK_AWARENESS] = [0, 1, 2, 3];
const [STEP_1, STEP_2, UPDATE] = [0, 1, 2];
const [FIRST_WAIT_MS, MOST_WAIT_MS, ASK_MS, SILENCE_MS] = [500, 30_000, 15_000, 40_000];
const MOST_BYTES = 48_000; // of an update in one frame; the relay takes 64 KiB
const FINAL = 3500; // a close with this code and above is no invitation to come back
export const SIGNED_OUT = "You are signed out.";

const api = (path) => `${location.origin}/api/v1${path}`;

// What is too large for one frame, in parts that follow each other.
export function parted({ UpdateEncoderV1, decodeUpdate, encoding }, update, most = MOST_BYTES) {
  if (update.length <= most) return [update];
  const { structs, ds } = decodeUpdate(update);
  const done = (encoder) => {
    encoding.writeVarUint(encoder.restEncoder, 0);
    return encoder.toUint8Array();
  };
  const written = (some) => {
    const encoder = new UpdateEncoderV1();
    encoding.writeVarUint(encoder.restEncoder, 1);
    encoding.writeVarUint(encoder.restEncoder, some.length);
    encoder.writeClient(some[0].id.client);
    encoding.writeVarUint(encoder.restEncoder, some[0].id.clock);
    some.forEach((each) => each.write(encoder, 0));
    return done(encoder);
  };
  const parts = [];
  let [some, bytes] = [[], 0];
  for (const each of structs) {
    const size = written([each]).length;
    if (some.length && (bytes + size > most || some[0].id.client !== each.id.client)) {
      parts.push(written(some));
      [some, bytes] = [[], 0];
    }
    some.push(each);
    bytes += size;
  }
  if (some.length) parts.push(written(some));
  if (!ds.clients.size) return parts;
  const encoder = new UpdateEncoderV1();
  encoding.writeVarUint(encoder.restEncoder, 0);
  encoding.writeVarUint(encoder.restEncoder, ds.clients.size);
  for (const [client, ranges] of ds.clients) {
    encoding.writeVarUint(encoder.restEncoder, client);
    encoding.writeVarUint(encoder.restEncoder, ranges.length);
    for (const { clock, len } of ranges) [clock, len].forEach((each) => encoding.writeVarUint(encoder.restEncoder, each));
  }
  return [...parts, encoder.toUint8Array()];
}

export class Line {
  isOpen = false;
  #library;
  #doc;
  #awareness;
  #asked;
  #told;
  #socket = null;
  #wait = FIRST_WAIT_MS;
  #timer = null;
  #heardAt = 0;
  #isEnded = false;
  #ending = new AbortController();

  // asked: { remote, link, headers (by which the relay knows who asks) }. told(state, words): "here" when all is known that the relay has, "looks", "away", or "over" with the reason.
  constructor(library, doc, awareness, asked, told) {
    [this.#library, this.#doc, this.#awareness, this.#asked, this.#told] = [library, doc, awareness, asked, told];
    doc.on("update", (update, origin) => { if (origin !== this) parted(library, update).forEach((each) => this.#send(SYNC, each, UPDATE)); });
    awareness.on("update", (_, origin) => { if (origin !== this) this.#sayWhere(); });
    const { signal } = this.#ending;
    addEventListener("online", () => { if (!this.isOpen) this.#open(); }, { signal });
    addEventListener("offline", () => this.#socket?.close(), { signal });
    this.#ticking = setInterval(() => this.#tick(), ASK_MS);
    this.#open();
  }

  #ticking;

  end() {
    this.#isEnded = true;
    this.#ending.abort();
    clearInterval(this.#ticking);
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  async #open() {
    clearTimeout(this.#timer);
    if (this.#socket || this.#isEnded) return;
    const socket = {}; // that one is under way
    this.#socket = socket;
    socket.close = () => {};
    try {
      const { remote, link } = this.#asked;
      const query = new URLSearchParams({ ticket: await this.#ticket(), ...(link && { link }) });
      if (this.#isEnded) return;
      this.#listen(new WebSocket(`${api(`/coedit/${remote}`).replace(/^http/, "ws")}?${query}`));
    } catch (error) {
      this.#socket = null;
      if (error.isFinal) this.#over(error.message);
      else this.#again();
    }
  }

  async #ticket() {
    const answer = await fetch(api("/auth/ws-ticket"), { method: "POST", headers: { "content-type": "application/json", ...this.#asked.headers }, body: "{}" });
    if (answer.ok) return (await answer.json()).ticket;
    throw Object.assign(new Error(SIGNED_OUT), { isFinal: [401, 403].includes(answer.status) });
  }

  #listen(socket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      [this.isOpen, this.#heardAt] = [true, Date.now()];
      this.#send(SYNC, this.#library.encodeStateVector(this.#doc), STEP_1);
      // As news: who was told meanwhile that we have gone knows a later state of ours than we do.
      for (let n = 0; n < 2; n++) this.#awareness.setLocalState({ ...this.#awareness.getLocalState() });
    };
    socket.onmessage = ({ data }) => { this.#heardAt = Date.now(); this.#take(new Uint8Array(data)); };
    socket.onclose = ({ code, reason }) => {
      [this.#socket, this.isOpen] = [null, false];
      const { states, clientID } = this.#awareness;
      this.#library.removeAwarenessStates(this.#awareness, [...states.keys()].filter((each) => each !== clientID), this);
      if (this.#isEnded) return;
      if (code >= FINAL) this.#over(reason);
      else this.#again(code >= 3000 ? reason : "");
    };
  }

  #over(words) {
    this.#told("over", words);
    this.end();
  }

  #again(words = "") {
    this.#told("away", words);
    this.#timer = setTimeout(() => this.#open(), this.#wait * (0.5 + Math.random() / 2));
    this.#wait = Math.min(this.#wait * 2, MOST_WAIT_MS);
  }

  // A line that was cut without a word is silent also when it is asked.
  #tick() {
    if (!this.isOpen) return;
    if (Date.now() - this.#heardAt > SILENCE_MS) this.#socket.close();
    else this.#send(ASK_AWARENESS);
  }

  #send(kind, payload = null, step = null) {
    if (!this.isOpen || this.#socket.readyState !== WebSocket.OPEN) return;
    const { encoding } = this.#library;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, kind);
    if (step !== null) encoding.writeVarUint(encoder, step);
    if (payload) encoding.writeVarUint8Array(encoder, payload);
    this.#socket.send(encoding.toUint8Array(encoder));
  }

  #sayWhere() { this.#send(AWARENESS, this.#library.encodeAwarenessUpdate(this.#awareness, [this.#awareness.clientID])); }

  #take(frame) {
    const { decoding, applyUpdate, applyAwarenessUpdate } = this.#library;
    const decoder = decoding.createDecoder(frame);
    const kind = decoding.readVarUint(decoder);
    if (kind === SYNC) {
      const [step, payload] = [decoding.readVarUint(decoder), decoding.readVarUint8Array(decoder)];
      if (step === STEP_1) this.#answer(payload);
      else applyUpdate(this.#doc, payload, this);
      if (step === STEP_2) {
        this.#wait = FIRST_WAIT_MS;
        this.#told("here", "");
      }
    } else if (kind === AWARENESS) applyAwarenessUpdate(this.#awareness, decoding.readVarUint8Array(decoder), this);
    else if (kind === DENIED) {
      decoding.readVarUint(decoder);
      this.#told("looks", decoding.readVarString(decoder));
    }
  }

  #answer(state) {
    parted(this.#library, this.#library.encodeStateAsUpdate(this.#doc, state)).forEach((each) => this.#send(SYNC, each, STEP_2));
  }
}
