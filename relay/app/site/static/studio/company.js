// Who else is at a document, where, and what they say: the awareness states of Yjs. A name in one is the relay's word, whatever its page says;
// what is said stands in it, too, so it goes when whoever said it goes, and is in no version.
const [MOST_STATE_BYTES, MOST_SAID, MOST_HEARD, MOVE_MS] = [1_600, 6, 100, 100];
export const MOST_WORDS = 200;
const FACES = 8;

// As the site's pages have it (views.py).
const hueOf = (name) => [...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % FACES;
const bytesOf = (value) => new TextEncoder().encode(JSON.stringify(value)).length;
const text = (value, most) => (typeof value === "string" ? value.slice(0, most) : "");

// The shortest beginnings of names that tell them apart, of two letters at most.
function marked(people) {
  const first = (name) => [...name][0]?.toUpperCase() ?? "?";
  return people.map((each) => {
    const isAlone = people.every((other) => other.name === each.name || first(other.name) !== first(each.name));
    return { ...each, mark: isAlone ? first(each.name) : [...each.name].slice(0, 2).join("") };
  });
}

export class Company {
  heard = []; // { name, hue, words, isOwn }, the last last
  #awareness;
  #known = new Set();
  #told;
  #at = null;
  #timer = null;

  // name: of who is at this page. told(isNews): somebody came, moved or went; or said something.
  constructor(library, doc, name, told) {
    [this.name, this.#told] = [name, told];
    this.awareness = this.#awareness = new library.Awareness(doc);
    this.#awareness.setLocalState({ at: null, said: [] });
    this.#awareness.on("change", ({ added, updated }) => told([...added, ...updated].map((each) => this.#listen(each)).some(Boolean)));
  }

  // Of others: { name, hue, mark, at, edits }.
  get people() {
    const others = [...this.#awareness.getStates()].filter(([client, state]) => client !== this.#awareness.clientID && state.user);
    const people = others.map(([client, { user, at }]) => ({ client, name: text(user.name, 64), hue: hueOf(text(user.name, 64)), edits: user.edits !== false, at: at ?? null }));
    return marked(people.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.client - b.client)));
  }

  // at: { row, step }, { beat } or { block }.
  move(at) {
    if (JSON.stringify(at) === JSON.stringify(this.#at)) return;
    this.#at = at;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#awareness.setLocalStateField("at", this.#at);
    }, MOVE_MS);
  }

  say(words) {
    const state = this.#awareness.getLocalState();
    const n = (state.said.at(-1)?.n ?? 0) + 1;
    const said = [...state.said, { n, words: text(words, MOST_WORDS) }].slice(-MOST_SAID);
    while (said.length > 1 && bytesOf({ ...state, said }) > MOST_STATE_BYTES) said.shift();
    this.#hear(this.name, said.at(-1).words, true);
    this.#awareness.setLocalState({ ...state, said });
    this.#told(true);
  }

  end() {
    clearTimeout(this.#timer);
    this.#awareness.destroy();
  }

  #listen(client) {
    const state = this.#awareness.getStates().get(client);
    if (client === this.#awareness.clientID || !Array.isArray(state?.said) || !state.user) return false;
    const fresh = state.said.slice(-MOST_SAID).filter((each) => each?.words && !this.#known.has(`${client} ${each.n}`));
    for (const { n, words } of fresh) {
      this.#known.add(`${client} ${n}`);
      this.#hear(text(state.user.name, 64), text(words, MOST_WORDS), false);
    }
    return fresh.length > 0;
  }

  #hear(name, words, isOwn) { this.heard = [...this.heard, { name, hue: hueOf(name), words, isOwn }].slice(-MOST_HEARD); }
}
