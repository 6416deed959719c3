// A song in the studio: the loops of this browser that it is made of, and its timeline.
import { freshId } from "./ids.js";
import { totalBars } from "./song_edits.js";
import { Timeline, showLoops } from "./timeline.js";

const MISSING = { name: "A loop that is not here", color: "#808080", bars: 4 };

export class Arranger {
  loops = {}; // bodies by the ids of their works
  #remotes = new Map(); // ids in the account, by those of works
  #fetched = new Map(); // bodies by ids there
  #asked = new Set();
  #studio;
  #timeline;
  #find;

  constructor(root, studio) {
    this.#studio = studio;
    this.#find = (name) => root.querySelector(`[data-${name}]`);
    this.chosen = null;
    this.#timeline = new Timeline(this.#find("timeline"), {
      add: (loop, bar) => this.add(loop, bar),
      choose: (id) => { if (this.chosen !== id) { this.chosen = id; studio.together?.company.move({ block: id }); this.show(); } },
      move: (id, start, mark = null) => studio.edit("move_block", { id, start }, mark),
      size: (id, bars, mark = null) => studio.edit("size_block", { id, bars }, mark),
      remove: (id) => studio.edit("remove_block", { id }),
      mute: (loop) => studio.mix("muted", loop),
      solo: (loop) => studio.mix("solo", loop),
    });
    this.#find("add-loop").addEventListener("change", (event) => { if (event.target.value) this.add(event.target.value, null); });
  }

  // Loops that the account has, too, stand here by their ids there as well: in a song that is edited together they are called so.
  async read(store) {
    const [works, syncs] = await Promise.all([store.list(), store.syncs()]);
    const here = works.filter((each) => each.kind === "loop").map(({ id, body }) => [id, body]);
    this.#remotes = new Map(syncs.filter(({ remote }) => remote).map(({ id, remote }) => [id, remote]));
    const there = here.filter(([id]) => this.#remotes.has(id)).map(([id, body]) => [this.#remotes.get(id), body]);
    this.loops = Object.fromEntries([...here, ...there, ...this.#fetched]);
  }

  // Whether a song has loops that only this browser has.
  hasOwn(song) { return song.blocks.some(({ loop }) => loop in this.loops && !this.#fetched.has(loop) && ![...this.#remotes.values()].includes(loop)); }

  // Loops of others, as far as one may see them.
  async #fetch(song) {
    const missing = [...new Set(song.blocks.map((block) => block.loop))].filter((loop) => !(loop in this.loops) && !this.#asked.has(loop));
    missing.forEach((loop) => this.#asked.add(loop));
    const { sync } = this.#studio.keeping;
    const found = await Promise.allSettled(missing.map(async (loop) => [loop, await sync.loop(loop)]));
    for (const { value } of found) if (value) this.#fetched.set(...value);
    if (!found.some(({ value }) => value)) return;
    this.loops = { ...this.loops, ...Object.fromEntries(this.#fetched) };
    if (this.#studio.body === song) this.#studio.shown();
  }

  where(id) {
    const block = this.#studio.body.blocks.find((each) => each.id === id);
    return block ? `${(this.loops[block.loop] ?? MISSING).name}, bar ${block.start + 1}` : "";
  }

  // A song that came as a file: its loops become works of this browser.
  async adopted(store, song, loops) {
    const ids = Object.fromEntries(Object.keys(loops).map((each) => [each, freshId()]));
    for (const [each, body] of Object.entries(loops)) await store.put({ id: ids[each], kind: "loop", body, changed_at: Date.now() });
    await this.read(store);
    return { ...song, blocks: song.blocks.map((block) => ({ ...block, loop: ids[block.loop] ?? block.loop })) };
  }

  // What of a song can sound: blocks of loops that are here.
  playable(body) { return { ...body, blocks: body.blocks.filter((each) => each.loop in this.loops) }; }

  // bar: null is behind the last of that loop, or at the beginning of the song's end.
  add(loop, bar) {
    const { blocks } = this.#studio.body;
    const ends = (of) => of.map((each) => each.start + each.bars);
    const lane = blocks.filter((each) => each.loop === loop);
    const start = bar ?? Math.max(0, ...ends(lane.length ? lane : blocks));
    const room = Math.min(...lane.map((each) => each.start - start).filter((each) => each > 0), this.loops[loop]?.bars ?? MISSING.bars);
    const id = freshId();
    if (this.#studio.edit("add_block", { id, loop, start, bars: room })) this.chosen = id;
    this.show();
    this.#timeline.focus(this.chosen);
  }

  // Of the chosen block: a deed of the bar below.
  onChosen(name, change) {
    const block = this.#studio.body.blocks.find((each) => each.id === this.chosen);
    if (!block) return;
    const fresh = freshId();
    if (this.#studio.edit(name, { id: block.id, fresh, ...change(block) }) && name === "repeat_block") this.chosen = fresh;
    this.show();
  }

  show() {
    const { body, mixer } = this.#studio;
    if (!body.blocks.some((each) => each.id === this.chosen)) this.chosen = body.blocks[0]?.id ?? null;
    const lanes = [...new Set(body.blocks.map((each) => each.loop))].map((loop) => ({
      loop, ...MISSING, ...this.loops[loop], isMissing: !(loop in this.loops),
      isMuted: mixer.muted.has(loop), isSolo: mixer.solo.has(loop), isSilent: mixer.solo.size ? !mixer.solo.has(loop) : mixer.muted.has(loop),
    }));
    this.#timeline.show({ lanes, blocks: body.blocks, bars: totalBars(body), chosen: this.chosen, peers: this.#studio.peers(({ block }) => block ?? null) });
    this.#find("song-hint").hidden = body.blocks.length > 0;
    const block = body.blocks.find((each) => each.id === this.chosen);
    this.#find("block-said").textContent = block ? `${lanes.find((lane) => lane.loop === block.loop).name}, bar ${block.start + 1}, ${block.bars} long` : "No block yet";
    this.#find("block-acts").querySelectorAll("button").forEach((each) => { each.disabled = !block; });
    const isTogether = Boolean(this.#studio.together);
    const other = new Set(isTogether ? this.#remotes.keys() : [...this.#remotes.values(), ...this.#fetched.keys()]);
    showLoops(this.#find("add-loop"), Object.entries(this.loops).filter(([id]) => !other.has(id)).map(([id, of]) => ({ id, body: of })));
    if (isTogether && this.#studio.keeping.sync) this.#fetch(body);
  }

  // step: in ticks; null: nothing plays.
  light(position, tables) {
    const bar = tables.meters[this.#studio.body.meter] * Score.TICKS;
    this.#find("song-head").style.setProperty("--at", position === null ? 0 : position / bar);
  }
}
