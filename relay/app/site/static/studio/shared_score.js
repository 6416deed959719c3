// A score that several edit: a document of Yjs, read and written as the body that the studio knows. No network, no page.
import { bodyOf, edits, kindOf, treeOf } from "./trees.js";

export const OWN = Symbol("own"); // what is done here, and undone here
const MOST_AT_ONCE = 400; // of one update, so that it fits the frames that the relay takes
const AS_LONG_AS_IT_TAKES_MS = 3_600_000;

export class SharedScore {
  body = null; // null: nothing has come yet
  isRight = true; // false: what stands there is no score; body is what was there before
  #library;
  #score;
  #undo;
  #mark = null;
  #told;

  // update: what was kept of it, or null. isPlayable(kind, body). told(isOwn): the body is another one.
  constructor(library, { update, isPlayable, told }) {
    [this.#library, this.isPlayable, this.#told] = [library, isPlayable, told];
    this.doc = new library.Doc();
    this.#score = this.doc.getMap("score");
    if (update) library.applyUpdate(this.doc, update);
    this.#undo = new library.UndoManager(this.#score, { trackedOrigins: new Set([OWN]), captureTimeout: AS_LONG_AS_IT_TAKES_MS });
    this.#read();
    this.doc.on("afterTransaction", ({ origin, changedParentTypes }) => { // after the one of what is undone, which listens longer
      if (!changedParentTypes.has(this.#score)) return;
      this.#read();
      this.#told(origin === OWN || origin === this.#undo);
    });
  }

  get canUndo() { return this.#undo.canUndo(); }
  get canRedo() { return this.#undo.canRedo(); }
  get update() { return this.#library.encodeStateAsUpdate(this.doc); }

  // body: what is to be made of the one that is there, or of `from`. mark: as of history.js.
  edit(body, mark = null, from = this.body) {
    const like = this.#score.toJSON();
    const changes = [...edits(treeOf(this.kind, from, like), treeOf(this.kind, body, like))];
    if (mark === null || mark !== this.#mark) this.#undo.stopCapturing();
    this.#mark = mark;
    for (let at = 0; at < changes.length; at += MOST_AT_ONCE) {
      this.doc.transact(() => changes.slice(at, at + MOST_AT_ONCE).forEach((each) => this.#put(each)), OWN);
    }
  }

  undo() { this.#mark = null; this.#undo.undo(); }
  redo() { this.#mark = null; this.#undo.redo(); }

  // What another tab has.
  merge(update) { this.#library.applyUpdate(this.doc, update, "tab"); }

  #put({ path, value }) {
    const key = path.at(-1);
    let at = this.#score;
    for (const name of path.slice(0, -1)) {
      at = at.get(name);
      if (!(at instanceof this.#library.SharedMap)) return; // somebody has taken away what it was a part of
    }
    if (value === undefined) at.delete(key);
    else at.set(key, this.#made(value));
  }

  #made(value) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
    return new this.#library.SharedMap(Object.entries(value).map(([key, each]) => [key, this.#made(each)]));
  }

  #read() {
    const tree = this.#score.toJSON();
    if (!Object.keys(tree).length) return;
    try {
      const kind = this.kind ?? kindOf(tree);
      const body = bodyOf(kind, tree);
      this.isPlayable(kind, body);
      [this.kind, this.body, this.isRight] = [kind, body, true];
    } catch {
      this.isRight = false;
    }
  }
}
