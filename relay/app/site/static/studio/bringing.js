// Works that are in this browser alone, and who is signed in: they are offered a place in the account, and it is told how far they are, also after the page
// was closed in between. They go by sync.js, which sends each once.
import { sayBringing } from "./kept.js";
import { recalled, remember } from "./store.js";

const [BROUGHT, LEFT] = ["studio-bringing", "studio-left"]; // ids of works: which are on their way, or are to stay
const SOON_MS = 100;
const works = (count) => (count === 1 ? "One work" : `${count} works`);
const are = (count) => (count === 1 ? "is" : "are");

export class Bringing {
  #store;
  #sync;
  #timer = null;

  constructor(store, sync) { [this.#store, this.#sync] = [store, sync]; }

  async show() {
    const ids = this.#kept(BROUGHT);
    if (ids.length) await this.#showFar(ids);
    else await this.#offer();
  }

  // Something was sent, or refused.
  soon() {
    if (this.#kept(BROUGHT).length) this.#timer ??= setTimeout(() => { this.#timer = null; this.show(); }, SOON_MS);
  }

  async begin() {
    const ids = await this.#loose();
    remember(BROUGHT, JSON.stringify(ids));
    await this.#sync.begin(...ids);
    await this.show();
  }

  async leave() {
    remember(LEFT, JSON.stringify([...this.#kept(LEFT), ...await this.#loose()]));
    sayBringing("");
  }

  #kept(name) { return JSON.parse(recalled(name) ?? "[]"); }

  // Those that are in no account.
  async #loose() {
    const [all, syncs] = await Promise.all([this.#store.list(), this.#store.syncs()]);
    const known = new Set([...syncs.map(({ id }) => id), ...this.#kept(LEFT)]);
    return all.map(({ id }) => id).filter((id) => !known.has(id));
  }

  // A single one is offered its place beside its name.
  async #offer() {
    const { length } = await this.#loose();
    sayBringing(length > 1 ? `${length} works in this browser are not in your account.` : "", true);
  }

  async #showFar(ids) {
    const [all, syncs] = await Promise.all([this.#store.list(), this.#store.syncs()]);
    const names = new Map(all.map(({ id, body }) => [id, body.name]));
    const still = syncs.filter(({ id }) => ids.includes(id));
    const lost = ids.filter((id) => names.has(id) && !still.some((each) => each.id === id)); // the page was closed before they were begun
    if (lost.length) await this.#sync.begin(...lost);
    const there = still.filter(({ remote }) => remote).length;
    const troubles = still.filter(({ remote, trouble }) => !remote && trouble).map(({ id, trouble }) => `${names.get(id)}: ${trouble}`);
    if (there + troubles.length < still.length + lost.length) {
      sayBringing(`On their way to your account: ${there} of ${still.length + lost.length} are there.`);
      return;
    }
    remember(BROUGHT, "[]");
    const told = `${works(there)} ${are(there)} in your account now.`;
    sayBringing(troubles.length ? `${told} Not there: ${troubles.join(" ")}` : told);
  }
}
