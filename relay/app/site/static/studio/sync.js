// Sends what is kept here to its maker's account at the relay, once: whatever breaks off, what was begun goes again under the same key, and is
// the same there. Several that are new go together (/api/migrate), by the same keys.
// How far each work is stands in the browser's database (store.js), beside the work:
// { id, account, key (under which it is made there), remote (its id there, null: not yet), version, isDirty, attempt (what is being sent), trouble, from (what it was forked from, as the
// relay tells it) }; and of what is edited together, which
// goes there by its own way (together.js), together: { link (the token by which; null: it is one's own) }.
import { freshId } from "./ids.js";

const [API, MIGRATE] = ["/api/v1/creations", "/api/migrate"];
const MOST_AT_ONCE = 1_000;
const [WAIT_MS, AGAIN_MS] = [1_500, 15_000];
export const KINDS = ["loop", "pattern", "machine", "song"];

// Fields that came later, as they are where nothing is said: a work from before has none of them, and is the same.
const LATER = { transpose: 0, description: "" };
const sorted = (value) => (Array.isArray(value) ? value.map(sorted) : value && typeof value === "object" ? Object.fromEntries(Object.keys(value).filter((key) => value[key] !== LATER[key]).sort().map((key) => [key, sorted(value[key])])) : value);
const isSame = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

class Refused extends Error {
  constructor(status, words) { super(words); this.status = status; }
}

// What an answer of each status means for the work; others are told and wait for the next edit.
const MEANS = { 401: "wait", 403: "wait", 404: "gone", 408: "wait", 409: "behind", 410: "gone", 429: "wait" };
const meaning = (error) => (error instanceof Refused ? MEANS[error.status] ?? (error.status >= 500 ? "wait" : "refused") : "wait");

export class Sync {
  #store;
  #account;
  #headers;
  #told;
  #timer = null;
  #isSending = false;

  // account: who is signed in, or a guest. headers: by which the relay knows that. told(id, state): state is "sent", "waits", "gone", or a sentence of the relay.
  constructor(store, account, headers, told) {
    [this.#store, this.#account, this.#headers, this.#told] = [store, account, headers, told];
    addEventListener("online", () => this.soon(0));
  }

  // From now on this work is kept there, too.
  async begin(...ids) {
    for (const id of ids) await this.#store.setSync({ id, account: this.#account, key: freshId(), remote: null, version: null, isDirty: true, attempt: null, trouble: null });
    this.soon(0);
  }

  soon(ms = WAIT_MS) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#sendAll(), ms);
  }

  // What the account has and this browser has not: [{ id, kind, title }].
  async others() {
    const known = new Set((await this.#store.syncs()).map((each) => each.remote));
    const pages = await Promise.all(KINDS.map((kind) => this.#call("GET", `?kind=${kind}`)));
    return pages.flatMap((page) => page.creations).filter((each) => !known.has(each.id));
  }

  // Whether somebody else may edit it: a link says so.
  async mayOthersEdit(remote) { return (await this.#call("GET", `/${remote}/links`)).links.some((each) => each.may_edit); }

  async loop(remote) {
    const { score: { kind, ...body } } = await this.#call("GET", `/${remote.replaceAll("-", "")}`);
    if (kind !== "loop") throw new Error("It is no loop.");
    return body;
  }

  // One of them, as a work that both have; of a song also its loops.
  async fetched(remote) {
    const { score: { kind, ...body }, version, username, forked_from: from } = await this.#call("GET", `/${remote}`);
    const work = { id: freshId(), kind, body: kind === "song" ? await this.#arrived(body) : body, changed_at: Date.now() };
    await this.#store.put(work);
    if (username === this.#account) await this.#store.setSync({ id: work.id, account: this.#account, remote, version, isDirty: false, attempt: null, trouble: null, from });
    return work; // of somebody else: a copy
  }

  // The blocks of a song name creations there, and works here.
  async #arrived(song) {
    const here = new Map((await this.#store.syncs()).map(({ remote, id }) => [remote, id]));
    for (const remote of new Set(song.blocks.map((block) => block.loop.replaceAll("-", "")))) {
      if (!here.has(remote)) await this.fetched(remote).then(({ id }) => here.set(remote, id), () => {}); // what is gone stays named
    }
    return { ...song, blocks: song.blocks.map((block) => ({ ...block, loop: here.get(block.loop.replaceAll("-", "")) ?? block.loop })) };
  }

  // A song as the relay knows it; loops that are only here are sent there first.
  async departing(song) {
    const there = new Map();
    for (const id of new Set(song.blocks.map((block) => block.loop))) {
      if (!(await this.#store.sync(id)) && await this.#store.get(id)) await this.begin(id);
      if ((await this.#store.sync(id))?.remote === null) await this.#send(id);
      const sync = await this.#store.sync(id);
      if (sync && !sync.remote) throw new Error(`The loop ${id} is not there yet.`);
      there.set(id, sync?.remote ?? id);
    }
    return { ...song, blocks: song.blocks.map((block) => ({ ...block, loop: there.get(block.loop) })) };
  }

  #call(method, path, body, headers = {}) { return this.#asked(method, API + path, body, headers); }

  async #asked(method, path, body, headers = {}) {
    const answer = await fetch(path, {
      method,
      headers: { "content-type": "application/json", ...this.#headers, ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const read = await answer.json();
    if (!answer.ok) throw new Refused(answer.status, read.detail ?? read.title);
    return read;
  }

  async #sendAll() {
    if (this.#isSending) { this.soon(); return; }
    this.#isSending = true;
    try {
      await this.#bring();
      const all = (await this.#waiting()).filter((each) => each.isDirty || each.attempt);
      for (const { id } of all) if (!(await this.#send(id))) this.soon(AGAIN_MS);
    } finally {
      this.#isSending = false;
    }
  }

  async #waiting() { return (await this.#store.syncs()).filter((each) => each.account === this.#account && !each.together); }

  // What is new there goes together, if it is several. What is not taken now, for whatever reason, goes by itself after that.
  async #bring() {
    const fresh = (await this.#waiting()).filter((each) => each.remote === null && (each.isDirty || each.attempt));
    if (fresh.length < 2) return;
    const sent = new Map();
    for (const { id } of fresh.slice(0, MOST_AT_ONCE)) {
      const { sync } = await this.#store.attempted(id);
      if (sync?.attempt) sent.set(sync.key, sync);
    }
    const creations = [];
    for (const { key, attempt } of sent.values()) creations.push({ id: key, score: { kind: attempt.kind, ...(await this.#named(attempt)) } });
    let answer;
    try {
      answer = await this.#asked("POST", MIGRATE, { creations });
    } catch { return; }
    const [made, wrong] = [answer.idMapping.creations ?? {}, answer.errors.creations ?? {}];
    for (const [key, { id }] of sent) await this.#brought(id, made[key], wrong[key]);
  }

  // The blocks of a song name loops that go with it by their keys.
  async #named({ kind, body }) {
    if (kind !== "song") return body;
    const known = new Map((await this.#store.syncs()).map(({ id, key, remote }) => [id, remote ?? key]));
    return { ...body, blocks: body.blocks.map((block) => ({ ...block, loop: known.get(block.loop) ?? block.loop })) };
  }

  async #brought(id, remote, trouble) {
    if (trouble) {
      await this.#store.refused(id, trouble);
      this.#told(id, trouble);
    } else if (remote) this.#told(id, await this.#store.arrived(id, { remote: remote.replaceAll("-", ""), version: 1 }) ? "waits" : "sent");
  }

  // Whether it need not be tried again by itself.
  async #send(id) {
    const { sync } = await this.#store.attempted(id);
    if (!sync?.attempt) return true;
    try {
      const { id: remote, version } = await this.#sent(sync);
      const isDirty = await this.#store.arrived(id, { remote, version });
      this.#told(id, isDirty ? "waits" : "sent");
      if (isDirty) this.soon();
      return true;
    } catch (error) {
      const means = meaning(error);
      if (means === "gone") await this.#store.removeSync(id);
      else if (means === "refused") await this.#store.refused(id, error.message);
      this.#told(id, means === "wait" ? "waits" : means === "gone" ? "gone" : error.message);
      return means !== "wait";
    }
  }

  async #sent({ key, remote, version, attempt: { kind, body } }) {
    const score = { kind, ...(kind === "song" ? await this.departing(body) : body) };
    if (remote === null) return this.#call("POST", "", { score }, { "idempotency-key": key });
    try {
      return await this.#call("PATCH", `/${remote}`, { score, version });
    } catch (error) {
      if (meaning(error) !== "behind") throw error;
    }
    // Ours arrived and its answer did not; or it was changed elsewhere, which stays there as the version before this one.
    const there = await this.#call("GET", `/${remote}`);
    return isSame(there.score, score) ? there : this.#call("PATCH", `/${remote}`, { score, version: there.version });
  }
}
