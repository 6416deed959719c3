// What is edited, what is played and what is kept are always the same body: this is where the three meet.
import { Arranger } from "./arranger.js";
import { Band } from "./band.js";
import { CHORDS, GRIDS, at, audible, rowOf, stepOf } from "./cells.js";
import { showChosen } from "./chosen.js";
import { applied, freshHit } from "./edits.js";
import { showFields } from "./fields.js";
import { FRESH, KIND_OF } from "./fresh.js";
import { Grid } from "./grid.js";
import { begun, edited } from "./history.js";
import { sayKeeping, sayNotKept, sayStored } from "./kept.js";
import { keyEdit } from "./keys.js";
import { Lane } from "./lane.js";
import { alone, copied, moved, none } from "./selection.js";
import { Playhead } from "./playhead.js";
import { begunAs, obey } from "./preferred.js";
import { Sound } from "./sound.js";
import { ChangedElsewhere, Keeper, OPEN, freshId, remember } from "./store.js";
import { Sync } from "./sync.js";

const root = document.querySelector("[data-studio]");
const find = (name) => root.querySelector(`[data-${name}]`);
export const tell = (words) => { find("told").textContent = words; find("told").hidden = !words; };

export class Studio {
  clip = null;
  mixer = { muted: new Set(), solo: new Set() };
  beat = 0;
  selection = none();

  // chosen: of preferred.js.
  constructor(tables, store, chosen) {
    [this.tables, this.store, this.chosen] = [tables, store, chosen];
    this.sound = new Sound(tell);
    obey(chosen, root, this.sound);
    this.keeper = new Keeper(store, (state) => this.#showKept(state));
    const { account } = root.dataset;
    const csrf = document.querySelector('meta[name="csrf"]')?.content;
    this.sync = account ? new Sync(store, account, csrf, (id, state) => this.#showSent(id, state)) : null;
    this.grid = new Grid(find("grid"), find("ruler"), {
      place: (keys, mark) => this.press("place", keys, mark),
      erase: (keys, mark) => this.press("erase", keys, mark),
      select: (selection) => { this.selection = selection; this.#showGrid(); },
      hear: (name) => this.#hear(name),
      mute: (name) => this.mix("muted", name),
      solo: (name) => this.mix("solo", name),
      key: (event) => this.#key(event),
    });
    this.playhead = new Playhead(root, this.grid);
    this.lane = new Lane(find("lane"), find("chords"), {
      at: (beat) => { this.beat = beat; this.#showLane(); },
      put: (beat, chord) => this.#putChord(beat, chord),
      remove: (beat) => this.edit("unchord", { beat }),
      all: (chords) => this.edit("chords", { chords }),
    });
    this.band = new Band(find("band"), {
      player: (instrument, change, mark = null) => this.edit("player", { instrument, ...change }, mark),
      solo: (instrument) => this.mix("solo", instrument),
    });
    this.arranger = new Arranger(root, this);
  }

  get kind() { return this.work.kind; }
  get body() { return this.history.body; }
  get view() { return { kind: this.kind, body: this.body, tables: this.tables }; }
  get file() { return { ...this.view, loops: this.arranger.loops, score: this.#compiled(this.body) }; }
  get score() { return this.#compiled(audible(this.kind, this.body, this.mixer)); }

  #compiled(body) {
    const { loops } = this.arranger;
    return Score.compile(this.kind, this.kind === "song" ? this.arranger.playable(body) : body, this.tables, loops);
  }

  open(work) {
    this.work = work;
    this.keeper.opened(work);
    this.#showOther(null);
    this.history = begun(work.body);
    [this.selection, this.beat, this.mixer] = [none(), 0, { muted: new Set(), solo: new Set() }];
    remember(OPEN, work.id);
    this.#changed({ isKept: true });
    this.showStored();
  }

  fresh(name) { this.adopt({ kind: KIND_OF[name], body: begunAs(this.chosen, name, FRESH[name](this.tables)) }); }

  adopt({ kind, body }) {
    this.open({ id: freshId(), kind, body, changed_at: Date.now() });
    this.#keep();
  }

  edit(name, args = {}, mark = null) {
    const { body, trouble } = applied(this.view, name, args);
    tell(trouble ?? "");
    if (trouble || body === this.body) return false;
    this.history = edited(this.history, body, mark);
    this.#changed();
    return true;
  }

  step(turn) {
    const history = turn(this.history);
    if (!history) return;
    this.history = history;
    this.#changed();
  }

  // A press on the grid: what was placed is then what is chosen, and is heard.
  press(deed, keys, mark) {
    const place = [rowOf(keys[0]), stepOf(keys[0])];
    this.selection = deed === "place" ? alone(place) : none(place);
    if (this.edit(deed, { keys }, mark) && deed === "place" && !this.sound.isPlaying) this.#hear(this.#sounds[place[0]], place[1]);
  }

  onChosen(name, args = {}, mark = null) { return this.edit(name, { keys: this.#chosen, ...args }, mark); }

  shift(rows, steps) {
    if (!this.edit("move", { keys: this.#chosen, rows, steps })) return;
    this.selection = moved(this.selection, rows, steps);
    this.#showGrid();
    this.grid.focus();
  }

  copy() {
    this.clip = copied(this.#cells, this.#chosen) ?? this.clip;
    this.#showGrid();
  }

  paste([row, step] = this.selection.cursor) {
    if (!this.clip) return;
    this.edit("paste", { clip: this.clip, row, step });
    const keys = this.clip.cells.map(([down, on]) => at(row + down, step + on));
    this.selection = { ...none([row, step]), keys: new Set(keys) };
    this.#showGrid();
  }

  double() {
    this.copy();
    const keys = [...this.#chosen];
    if (this.clip) this.paste([Math.min(...keys.map(rowOf)), Math.min(...keys.map(stepOf)) + this.clip.steps]);
  }

  mix(which, name) {
    if (!this.mixer[which].delete(name)) this.mixer[which].add(name);
    this.#changed({ isKept: true });
  }

  async toggle() {
    if (this.sound.isPlaying) this.sound.pause();
    else {
      root.dataset.state = "loading";
      await this.sound.play(this.score);
    }
    this.#showPlaying();
  }

  get #sounds() { return GRIDS[this.kind].sounds(this.body, this.tables); }
  get #cells() { return GRIDS[this.kind].cells(this.body, this.tables); }
  get #chosen() { return this.selection.keys.size ? this.selection.keys : new Set([at(...this.selection.cursor)]); }

  #hear(name, step = 0) {
    const row = this.#sounds.indexOf(name);
    const hits = this.#cells.get(at(row, step)) ?? [freshHit(this.view, row, step)];
    this.sound.strike(hits.map(({ velocity, note }) => ({ sound: name, velocity, number: note ? Score.noteNumber(note) : this.tables.sounds[name].note })));
  }

  #putChord(beat, chord) {
    this.edit("chord", { beat, ...chord });
    if (!this.sound.isPlaying && this.body.chord_sound) {
      this.sound.strike(Score.chordNotes(chord.root, chord.quality, this.tables).map((number) => ({ sound: this.body.chord_sound, number, velocity: 0.7 })));
    }
    this.beat = (beat + 4) % (this.body.bars * 4);
    this.#showLane();
  }

  #key(event) {
    const deed = keyEdit(event);
    if (deed) deed(this);
    return Boolean(deed);
  }

  rowName() { return this.#sounds[this.selection.cursor[0]]; }

  #keep() {
    this.work = { ...this.work, body: this.body, changed_at: Date.now() };
    if (this.kind === "loop") this.arranger.loops[this.work.id] = this.body;
    this.keeper.keep(this.work);
  }

  #changed({ isKept = false } = {}) {
    if (GRIDS[this.kind]) {
      const [rows, steps] = [this.#sounds.length, GRIDS[this.kind].steps(this.body)];
      const [row, step] = this.selection.cursor;
      if (row >= rows || step >= steps) this.selection = none([Math.max(Math.min(row, rows - 1), 0), Math.min(step, steps - 1)]);
    }
    if (this.body.bars) this.beat = Math.min(this.beat, this.body.bars * 4 - 1);
    this.#show();
    this.sound.show(this.score);
    if (!isKept) this.#keep();
  }

  #show() {
    root.dataset.kind = this.kind;
    showFields(root, this.kind, this.body);
    find("undo").disabled = !this.history.past.length;
    find("redo").disabled = !this.history.future.length;
    document.title = `${this.body.name} · Studio · Sidechain`;
    if (this.kind === "machine") this.band.show(this.body, this.tables, this.mixer);
    else if (this.kind === "song") this.arranger.show();
    else this.#showGrid();
    if (this.kind === "loop") this.#showLane();
    this.#showPlaying();
  }

  #isSilent(name) { return this.mixer.solo.size ? !this.mixer.solo.has(name) : this.mixer.muted.has(name); }

  #showLane() {
    this.lane.show({ bars: this.body.bars, chords: this.body.chords, beat: this.beat, key: this.body.key, qualities: this.tables.qualities, isSilent: this.#isSilent(CHORDS) });
    for (const [which, deed] of [["muted", "mute"], ["solo", "solo"]]) root.querySelector(`[data-lane-${deed}]`).setAttribute("aria-pressed", String(this.mixer[which].has(CHORDS)));
  }

  #showGrid() {
    const grid = GRIDS[this.kind];
    const cells = this.#cells;
    const rows = this.#sounds.map((name) => ({ name, label: this.tables.sounds[name].label, sound: this.tables.sounds[name], isMuted: this.mixer.muted.has(name), isSolo: this.mixer.solo.has(name), isSilent: this.#isSilent(name) }));
    this.grid.show({ rows, steps: grid.steps(this.body), perBeat: grid.perBeat(this.body), perBar: grid.perBar(this.body), cells, selection: this.selection });
    find("hint").hidden = cells.size > 0;
    showChosen(root, { ...this.view, sounds: this.#sounds, cells, selection: this.selection, place: this.grid.placeOf(this.selection.cursor[1]), canPaste: Boolean(this.clip) });
  }

  #showPlaying() {
    root.dataset.state = this.sound.isPlaying ? "playing" : "stopped";
    find("play").setAttribute("aria-label", this.sound.isPlaying ? "Stop" : "Play");
    if (this.sound.isPlaying) requestAnimationFrame(() => this.#frame());
    else this.#light(null);
  }

  #frame() {
    if (!this.sound.isPlaying) { this.#showPlaying(); return; }
    this.#light(this.sound.position);
    requestAnimationFrame(() => this.#frame());
  }

  #light(position) {
    if (this.kind === "machine") { this.band.light(position, this.body, this.tables); return; }
    if (this.kind === "song") { this.arranger.light(position, this.tables); return; }
    const perStep = Score.TICKS / GRIDS[this.kind].perBeat(this.body);
    this.playhead.at(position === null ? null : position / perStep);
  }

  // Its place in the account of whoever is signed in: begun by a press, and never by itself.
  async beginSync() {
    await this.sync.begin(this.work.id);
    await this.showStored();
  }

  async openRemote(remote) {
    const work = await this.sync.fetched(remote);
    await this.arranger.read(this.store);
    this.open(work);
  }

  // How far the open work is kept, as the browser's database says it.
  async showStored() {
    const { id } = this.work;
    const sync = await this.store.sync(id);
    if (id === this.work.id) sayStored(this.store, sync, root.dataset.account);
  }

  // In another tab: whose change is known to whom is told, and nothing is written over it.
  async changedElsewhere(id) {
    const there = id === this.work.id ? await this.store.get(id) : null;
    if (there && there.id === this.work.id && !this.keeper.knows(there)) this.#showOther(there);
  }

  #showOther(other) {
    this.other = other;
    find("elsewhere").hidden = !other;
    if (other) this.sound.pause();
  }

  takeOther() { this.open(this.other); }

  keepBoth() {
    const { kind, body } = this;
    this.adopt({ kind, body: { ...body, name: `${body.name.slice(0, 96)} (2)` } });
  }

  #showKept(state) {
    if (state instanceof ChangedElsewhere) this.#showOther(state.other);
    if (state === "keeping") sayKeeping();
    else if (state === "kept") {
      this.showStored();
      this.sync?.soon();
    } else sayNotKept(state);
  }

  #showSent(id, state) {
    if (id !== this.work.id) return;
    if (state === "gone") tell("It was deleted from your account, and is kept in this browser.");
    this.showStored();
  }
}
