// Where work is kept: { list, get, put, remove }, whichever place it is. This one is the browser's own database.
// A work is { id, kind, body, changed_at, mark }: each write of it has another mark. One that is edited together also has its document (doc), of which
// body is what was read last.
// How far the relay has it stands beside it (sync.js), and is written in the same transaction: an edit that is kept is an edit that will be sent.
import { freshId } from "./ids.js";

const [NAME, VERSION, WORKS, SYNCS] = ["sidechain-studio", 1, "works", "syncs"];

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
const written = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = () => resolve();
  transaction.onabort = transaction.onerror = () => reject(transaction.error);
});

// Of one work in two tabs. other: what the other tab has kept.
export class ChangedElsewhere extends Error {
  constructor(other) { super("It was changed in another tab meanwhile."); this.other = other; }
}

// What one tab writes the others are told of: the id of a work.
const tabs = globalThis.BroadcastChannel ? new BroadcastChannel(NAME) : null;
export const onOtherTab = (told) => tabs?.addEventListener("message", ({ data }) => told(data));

class LocalStore {
  words = "Kept in this browser";
  #db;

  constructor(db) { this.#db = db; }

  // The last changed first.
  async list() {
    const works = await done(this.#db.transaction(WORKS).objectStore(WORKS).getAll());
    return works.sort((a, b) => b.changed_at - a.changed_at);
  }

  get(id) { return done(this.#db.transaction(WORKS).objectStore(WORKS).get(id)); }

  // Its place on disk is promised only when it is complete. seen: the mark of what it was made from; where another tab has put something else
  // there meanwhile, nothing is written, and that is thrown (ChangedElsewhere). undefined: whatever is there. joined(there, work): of work that is
  // edited together, what is written is both.
  async put(work, seen, joined = null) {
    let other = null;
    await this.#write(async (works, syncs) => {
      const there = seen === undefined && !joined ? null : await done(works.get(work.id));
      if (there && !joined && (there.mark ?? null) !== seen) { other = there; return; }
      works.put(there && joined ? joined(there, work) : work);
      const sync = await done(syncs.get(work.id));
      if (sync) syncs.put({ ...sync, isDirty: !sync.together, trouble: null });
    });
    if (other) throw new ChangedElsewhere(other);
    tabs?.postMessage(work.id);
  }

  remove(id) { return this.#write((works, syncs) => { works.delete(id); syncs.delete(id); }); }

  sync(id) { return done(this.#db.transaction(SYNCS).objectStore(SYNCS).get(id)); }
  syncs() { return done(this.#db.transaction(SYNCS).objectStore(SYNCS).getAll()); }
  setSync(sync) { return this.#write((_, syncs) => syncs.put(sync)); }
  removeSync(id) { return this.#write((_, syncs) => syncs.delete(id)); }

  // What `from` had at the relay is `to`'s, or nobody's (null).
  handOver(from, to) {
    return this.#write(async (_, syncs) => {
      const theirs = (await done(syncs.getAll())).filter((each) => each.account === from);
      for (const each of theirs) to === null ? syncs.delete(each.id) : syncs.put({ ...each, account: to });
    });
  }

  // What is to be sent is fixed before it is, and under which key.
  async attempted(id) {
    let told = {};
    await this.#write(async (works, syncs) => {
      const [work, sync] = await Promise.all([done(works.get(id)), done(syncs.get(id))]);
      const isAgain = Boolean(sync?.attempt);
      if (!work || !sync || !(isAgain || sync.isDirty)) return;
      const next = { ...sync, key: sync.key ?? freshId(), ...(!isAgain && { isDirty: false, attempt: { kind: work.kind, body: work.body } }) };
      syncs.put(next);
      told = { sync: next };
    });
    return told;
  }

  // Returns whether it was edited meanwhile.
  async arrived(id, { remote, version }) {
    let isDirty = false;
    await this.#write(async (_, syncs) => {
      const sync = await done(syncs.get(id));
      if (!sync) return; // it was deleted meanwhile
      isDirty = sync.isDirty;
      syncs.put({ ...sync, remote, version, attempt: null, trouble: null });
    });
    return isDirty;
  }

  // It waits for another edit.
  refused(id, trouble) {
    return this.#write(async (_, syncs) => {
      const sync = await done(syncs.get(id));
      if (sync) syncs.put({ ...sync, attempt: null, trouble });
    });
  }

  async #write(change) {
    const transaction = this.#db.transaction([WORKS, SYNCS], "readwrite", { durability: "strict" });
    await Promise.all([change(transaction.objectStore(WORKS), transaction.objectStore(SYNCS)), written(transaction)]);
  }
}

// Of a browser that keeps nothing for us (a private window of some): the page says so.
class NoStore {
  words = "Not kept: this browser lets pages keep nothing";
  isLost = true;
  list = async () => [];
  get = async () => undefined;
  put = async () => {};
  remove = async () => {};
  sync = async () => undefined;
  syncs = async () => [];
}

export const OPEN = "studio-open"; // which work was open last

// Small things that may be forgotten: a browser that keeps nothing throws at the mere question.
export function remember(name, value) {
  try { localStorage.setItem(name, value); } catch { /* then it is forgotten */ }
}
export function recalled(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

export async function openStore() {
  try {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => [WORKS, SYNCS].forEach((name) => asked.result.createObjectStore(name, { keyPath: "id" }));
    return new LocalStore(await done(asked));
  } catch {
    return new NoStore();
  }
}

// Keeps the newest of what it is given: one write at a time, and never an older one after a newer.
export class Keeper {
  #store;
  #told;
  #next = null;
  #isWriting = false;
  #seen = new Map(); // marks, by the ids of works: what this tab has seen of them last

  // told: called with "keeping", "kept" or the error, which may be ChangedElsewhere.
  constructor(store, told) { [this.#store, this.#told] = [store, told]; }

  opened(work) { this.#seen.set(work.id, work.mark ?? null); }

  // Whether this is what this tab wrote, or opened.
  knows(work) { return this.#seen.get(work.id) === (work.mark ?? null); }

  // joined: of put.
  async keep(work, joined = null) {
    this.#next = { work, joined };
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#told("keeping");
    try {
      while (this.#next) {
        const { joined } = this.#next;
        const work = { ...this.#next.work, mark: freshId() };
        this.#next = null;
        await this.#store.put(work, this.#seen.get(work.id), joined);
        this.opened(work);
      }
      this.#told("kept");
    } catch (error) {
      this.#told(error);
    } finally {
      this.#isWriting = false;
    }
  }
}
