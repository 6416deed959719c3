// How the open work is kept: in this browser, in somebody's account, together with others; and what the page says of it.
import { Bringing } from "./bringing.js";
import { GuestIsOver, begunGuest, endGuest, headersOf, keptGuest, seenGuest, takenOver } from "./guest.js";
import { sayGuest, sayKeeping, sayNotKept, sayStored, sayTogether } from "./kept.js";
import { freshId } from "./ids.js";
import { ChangedElsewhere, Keeper } from "./store.js";
import { Sync } from "./sync.js";

const NOT_BUILT = "Editing together is not in this build of the relay.";
const GUEST_IS_OVER = "What you kept here as a guest is not on the relay any more. What is in this browser is still here.";
const LATER_MS = 800; // until what others do is kept here, too: the relay has it

export class Keeping {
  together = null; // of the open work
  #studio;
  #root;
  #keeper;
  #shared = new Map(); // whether others may edit, by ids in the account
  #timer = null;

  // tell: a sentence, or "" for none.
  constructor(root, store, studio, tell) {
    [this.#root, this.store, this.#studio, this.tell] = [root, store, studio, tell];
    this.account = root.dataset.account ?? null;
    this.csrf = document.querySelector('meta[name="csrf"]')?.content;
    this.#keeper = new Keeper(store, (state) => this.#showKept(state));
    this.guest = store.isLost ? null : keptGuest();
    this.sync = this.account ? this.#synced(this.account, { "x-csrf-token": this.csrf }) : this.guest && this.#guestsSync();
    this.bringing = this.account && !store.isLost ? new Bringing(store, this.sync) : null;
    const looked = () => { if (!document.hidden) { this.#shared.clear(); this.#join(); } };
    document.addEventListener("visibilitychange", looked);
    addEventListener("focus", looked);
  }

  // Whose this page is: an account's, or a guest's.
  get #who() { return this.account ?? this.guest?.name ?? null; }
  get #headers() { return this.account ? { "x-csrf-token": this.csrf } : headersOf(this.guest); }
  #find(name) { return this.#root.querySelector(`[data-${name}]`); }
  get #id() { return this.#studio.work?.id; }
  #synced(who, headers) { return new Sync(this.store, who, headers, (id, state) => this.#showSent(id, state)); }
  #guestsSync() { return this.#synced(this.guest.name, headersOf(this.guest)); }

  // The studio shows this work now.
  opened(work, together) {
    clearTimeout(this.#timer);
    if (this.together !== together) this.together?.end();
    this.together = together;
    this.#keeper.opened(work);
    this.#showOther(null);
    if (!together) this.#join();
    this.showStored();
  }

  keep(work) {
    const { together } = this;
    if (together) this.#keeper.keep(together.kept(work), (there, ours) => together.joined(there, ours));
    else this.#keeper.keep(work);
  }

  // Others changed it: so often is nothing written.
  keepSoon(work) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { if (work().id === this.#id) this.keep(work()); }, LATER_MS);
  }

  // A work of this browser.
  async open(id) {
    const [work, sync] = await Promise.all([this.store.get(id), this.store.sync(id)]);
    if (!work) return false;
    this.#studio.open(work, sync?.together ? await this.#resumed(work, sync) : null);
    return true;
  }

  async #resumed(work, sync) {
    if (!work.doc) { // it ended before it had begun
      await this.store.setSync({ ...sync, together: null });
      return null;
    }
    if (this.#root.dataset.crdt) return this.#begun(work, sync);
    this.tell(NOT_BUILT);
    if (sync.together.link) await this.store.removeSync(sync.id); // a copy
    else await this.store.setSync({ ...sync, together: null, isDirty: true });
    return null;
  }

  // What the account has; or what somebody else's link lets one edit.
  async openRemote(remote, link = null) {
    if (link) { await this.#openLinked(remote, link); return; }
    const work = await this.sync.fetched(remote);
    await this.#studio.arranger.read(this.store);
    this.#studio.open(work);
  }

  async #openLinked(remote, link) {
    if (!this.#who) throw new Error("Sign in, and open the link again.");
    if (!this.#root.dataset.crdt) throw new Error(NOT_BUILT);
    const known = (await this.store.syncs()).find((each) => each.remote === remote && each.account === this.#who);
    if (known?.together?.link) await this.store.setSync({ ...known, together: { link } });
    if (known && await this.open(known.id)) return;
    const sync = { id: freshId(), account: this.#who, remote, version: null, isDirty: false, attempt: null, trouble: null, together: { link } };
    const together = await this.#arrived(await this.#begun({}, sync));
    const work = together.kept({ id: sync.id, kind: together.score.kind, body: together.body, changed_at: Date.now() });
    await this.store.put(work);
    await this.store.setSync(sync);
    this.#studio.open(work, together);
  }

  async #arrived(together) {
    try {
      await together.arrived;
      if (!together.body) throw new Error("What stands there cannot be played.");
      return together;
    } catch (error) {
      together.end();
      throw error;
    }
  }

  async #begun(work, sync) {
    const [{ Together }, library] = await Promise.all([import("./together.js"), import(this.#root.dataset.crdt)]);
    const asked = sync.account === this.#who ? { remote: sync.remote, link: sync.together.link, headers: this.#headers } : null;
    return new Together(library, work, asked, { root: this.#root, account: sync.account, name: this.#who ?? "", copy: () => this.keepBoth(), told: () => this.showStored(), ...this.#studio.forTogether });
  }

  // One's own, as soon as a link lets others edit it: what is done here alone would be written over what they do.
  async #join() {
    const { work } = this.#studio;
    const sync = this.sync && work && await this.store.sync(work.id);
    if (this.together || !sync?.remote || sync.account !== this.#who || work.kind === "machine" || sync.isDirty || sync.attempt) return;
    try {
      if (!this.#shared.has(sync.remote)) this.#shared.set(sync.remote, await this.sync.mayOthersEdit(sync.remote));
      if (!this.#shared.get(sync.remote)) return;
      if (!this.#root.dataset.crdt) { this.tell(`Others may edit this. ${NOT_BUILT}`); return; }
      await this.#joined(work, { ...sync, together: { link: null } });
    } catch { /* there is no line; it is tried again when the page is looked at, or when something has been sent */ }
  }

  async #joined({ id, body: sent }, sync) {
    const { sync: account } = this;
    const as = (body) => (this.#studio.kind === "song" ? account.departing(body) : body);
    const together = await this.#arrived(await this.#begun({}, sync));
    const [before, now] = [await as(sent), await as(this.#studio.body)];
    if (id !== this.#id || this.together) { together.end(); return; }
    together.score.edit(now, null, before); // what was done meanwhile
    await this.store.setSync({ ...await this.store.sync(id), together: { link: null }, isDirty: false, attempt: null });
    this.#studio.joined(together);
  }

  // Its place in the account of whoever is signed in, or with a guest: begun by a press, and never by itself.
  async beginSync() {
    if (!this.sync) {
      this.guest = await begunGuest();
      this.sync = this.#guestsSync();
    }
    await this.sync.begin(this.#id);
    await this.bringing?.show();
    await this.showStored();
  }

  // Somebody comes. isAsked: they signed in to take over what they made here as a guest.
  async greet(isAsked) {
    await this.bringing?.show();
    if (!this.guest) return;
    if (this.account && isAsked) await this.takeOver();
    else if (this.account) sayGuest("What you made here as a guest is not in your account yet.", true);
    else await this.#untilOver(async () => { this.guest = await seenGuest(this.guest); });
    await this.showStored();
  }

  async takeOver() {
    await this.#untilOver(async () => {
      const count = await takenOver(this.guest, this.csrf);
      await endGuest(this.store, this.guest, this.account);
      this.guest = null;
      sayGuest(count === 1 ? "One work that you made as a guest is in your account now." : `${count} works that you made as a guest are in your account now.`);
      this.sync.soon(0);
    });
    await this.showStored();
  }

  async #untilOver(deed) {
    try {
      await deed();
    } catch (error) {
      if (!(error instanceof GuestIsOver)) { if (this.account) throw error; return; } // there is no line
      await endGuest(this.store, this.guest, null);
      if (!this.account) this.sync = null;
      this.guest = null;
      sayGuest(GUEST_IS_OVER);
    }
  }

  // How far the open work is kept, as the browser's database says it.
  async showStored() {
    const id = this.#id;
    const sync = await this.store.sync(id);
    if (id !== this.#id) return;
    sayStored(this.store, sync, this.account, this.guest);
    if (this.together) sayTogether(this.together);
  }

  // In another tab: whose change is known to whom is told, and nothing is written over it.
  async changedElsewhere(id) {
    const there = id === this.#id ? await this.store.get(id) : null;
    if (!there || there.id !== this.#id || this.#keeper.knows(there)) return;
    if (this.together && there.doc) this.together.score.merge(there.doc);
    else this.#showOther(there);
  }

  #showOther(other) {
    this.other = other;
    this.#find("elsewhere").hidden = !other;
    if (other) this.#studio.sound.pause();
  }

  takeOther() { return this.open(this.other.id); }

  keepBoth() {
    const { kind, body } = this.#studio;
    this.#studio.adopt({ kind, body: { ...body, name: `${body.name.slice(0, 96)} (2)` } });
  }

  #showKept(state) {
    if (state instanceof ChangedElsewhere) this.#showOther(state.other);
    if (state === "keeping" && this.together) return; // with every step of everybody
    if (state === "keeping") sayKeeping();
    else if (state === "kept") {
      this.showStored();
      this.sync?.soon();
    } else sayNotKept(state);
  }

  #showSent(id, state) {
    this.bringing?.soon();
    if (id !== this.#id) return;
    if (state === "gone") this.tell("It was deleted from your account, and is kept in this browser.");
    if (state === "sent") this.#join();
    this.showStored();
  }
}
