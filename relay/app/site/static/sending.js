// A file on its way to the relay, by tus 1.0: in parts that the relay keeps as they come. Whatever breaks it goes on where it stands;
// after the page was closed, too, for the key that names an upload is remembered by the hash of its bytes.
"use strict";

const PART_BYTES = 1 << 20;
const SILENCE_MS = 30_000; // without one byte moving: then the line is taken for dead
const WAITS_MS = [1000, 2000, 5000, 10_000, 30_000];
const STANDS_ELSEWHERE = new Set(["offset_mismatch", "upload_taken_over", "upload_incomplete"]);
const LOST_THERE = new Set(["gone", "not_found", "sha256_mismatch", "idempotency_mismatch"]); // sent again, a few times
const KEPT = "uploads"; // in localStorage: hash to key

class Refused extends Error { // by the relay, in words; trying again changes nothing
  constructor(problem, status) {
    super([problem.detail, problem.next_step].filter(Boolean).join(" ") || `The relay answered ${status}.`);
    this.code = problem.code;
    this.status = status;
  }
}

class Lost extends Error { // the line, or a relay that cannot serve now; trying again may help
  constructor(why, retryAfterS) {
    super(why);
    this.retryMs = Number(retryAfterS) * 1000 || 0;
  }
}

class Abandoned extends Error {} // by who sent it

function keptKeys() {
  try { return JSON.parse(localStorage.getItem(KEPT)) ?? {}; } catch { return {}; }
}

function keepKeys(keys) {
  try { localStorage.setItem(KEPT, JSON.stringify(keys)); } catch { /* then it does not outlive this page */ }
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function answered(answer) { // the answer, or what it means that it is none
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 429 || answer.status >= 500) throw new Lost(problem.detail ?? "The relay is busy.", answer.headers.get("retry-after"));
  throw new Refused(problem, answer.status);
}

async function asked(path, options) {
  let answer;
  try {
    answer = await fetch(path, { ...options, headers: { "x-csrf-token": csrf, ...options.headers } });
  } catch {
    throw new Lost("The line is gone.");
  }
  return answered(answer);
}

class Sending {
  // tell: of every step, as (state, offset in bytes); states: reading, sending, waiting, there
  constructor(file, tell) {
    this.file = file;
    this.tell = tell;
    this.offset = 0;
    this.stop = new AbortController();
  }

  abandon() { this.stop.abort(); }

  async run(buffer) { // buffer: the bytes of the file. Throws Refused, Abandoned
    this.say("reading");
    this.sha256 = await SHA256.of(buffer);
    this.key = keptKeys()[this.sha256] ?? newKey();
    keepKeys({ ...keptKeys(), [this.sha256]: this.key });
    await this.insist(async () => {
      await this.begin();
      while (this.offset < this.file.size) await this.part();
    });
    this.say("there");
  }

  async insist(work) { // until it is done or refused
    for (let tries = 0; ; tries++) {
      if (this.stop.signal.aborted) throw new Abandoned();
      const from = this.offset;
      try {
        return await work();
      } catch (error) {
        if (this.offset > from) tries = 0;
        if (error instanceof Lost) {
          this.say("waiting", error.message);
          await this.wait(error.retryMs || WAITS_MS[Math.min(tries, WAITS_MS.length - 1)]);
        } else if (STANDS_ELSEWHERE.has(error.code)) {
          this.offset = 0; // beginning asks where
          await this.wait(WAITS_MS[0]);
        } else if (LOST_THERE.has(error.code) && tries < WAITS_MS.length) {
          this.anew();
        } else if (error.code === "upload_running") {
          await this.wait(WAITS_MS[1]);
        } else {
          throw error;
        }
      }
    }
  }

  anew() { // the relay does not have it any more
    this.key = newKey();
    this.offset = 0;
    keepKeys({ ...keptKeys(), [this.sha256]: this.key });
  }

  forget() {
    const { [this.sha256]: _, ...others } = keptKeys();
    keepKeys(others);
  }

  async begin() { // or ask where it stands: the same key is the same upload
    const headers = {
      "idempotency-key": this.key,
      "tus-resumable": "1.0.0",
      "upload-length": String(this.file.size),
      "upload-metadata": `filename ${btoa(String.fromCharCode(...new TextEncoder().encode(this.file.name.slice(0, 200))))}`,
    };
    const answer = await asked(`${API}/uploads/`, { method: "POST", headers, signal: this.stop.signal });
    this.address = new URL(answer.headers.get("location"), location).pathname;
    this.moved(Number(answer.headers.get("upload-offset")));
  }

  part() { // by XMLHttpRequest, which alone says how far it is
    return new Promise((resolve, reject) => {
      const [from, request] = [this.offset, new XMLHttpRequest()];
      let silence;
      const stop = () => request.abort();
      const heard = () => {
        clearTimeout(silence);
        silence = setTimeout(stop, SILENCE_MS);
      };
      request.open("PATCH", this.address);
      for (const [name, value] of Object.entries({
        "x-csrf-token": csrf,
        "tus-resumable": "1.0.0",
        "upload-offset": String(from),
        "content-type": "application/offset+octet-stream",
      })) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => { heard(); this.say("sending", "", from + event.loaded); };
      request.onloadend = () => {
        clearTimeout(silence);
        this.stop.signal.removeEventListener("abort", stop);
        if (this.stop.signal.aborted) return reject(new Abandoned());
        if (!request.status) return reject(new Lost("The line is gone."));
        const answer = new Response(request.status === 204 ? null : request.response, {
          status: request.status, headers: { "retry-after": request.getResponseHeader("retry-after") ?? "" },
        });
        return answered(answer).then(() => resolve(this.moved(Number(request.getResponseHeader("upload-offset")))), reject);
      };
      this.stop.signal.addEventListener("abort", stop);
      heard();
      request.send(this.file.slice(from, from + PART_BYTES));
    });
  }

  moved(offset) {
    this.offset = offset;
    this.say("sending");
  }

  say(state, why = "", offset = this.offset) { this.tell(state, offset, why); }

  wait(ms) { // or until the browser says that there is a line again
    return this.stop.signal.aborted || new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        removeEventListener("online", go);
        this.stop.signal.removeEventListener("abort", go);
        resolve();
      };
      const timer = setTimeout(go, ms);
      addEventListener("online", go);
      this.stop.signal.addEventListener("abort", go);
    });
  }

  async post(meta, path) { // the post that is made of it, by the operation at a path. Throws Refused, Abandoned
    return this.insist(async () => {
      if (this.offset < this.file.size) { // its bytes were lost meanwhile
        await this.begin();
        while (this.offset < this.file.size) await this.part();
      }
      const headers = { "content-type": "application/json", "idempotency-key": this.key };
      const body = JSON.stringify({ upload_id: this.address.split("/").pop(), meta: { ...meta, sha256: this.sha256 } });
      this.say("making");
      const answer = await asked(API + path, { method: "POST", headers, body, signal: this.stop.signal });
      const made = await answer.json();
      this.forget();
      return made;
    });
  }
}
