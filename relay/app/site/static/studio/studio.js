// What is edited, what is played and what is kept are always the same body: this is where the three meet.
import { Arranger } from "./arranger.js";
import { Band } from "./band.js";
import { CHORDS, GRIDS, at, audible, rowOf, stepOf } from "./cells.js";
import { showChosen } from "./chosen.js";
import { applied, freshHit } from "./edits.js";
import { showFields } from "./fields.js";
import { FRESH, KIND_OF } from "./fresh.js";
import { Grid } from "./grid.js";
import { begun, edited, undone } from "./history.js";
import { Keeping } from "./keeping.js";
import { keyEdit } from "./keys.js";
import { Lane } from "./lane.js";
import { alone, copied, moved, none } from "./selection.js";
import { Playhead } from "./playhead.js";
import { begunAs, obey } from "./preferred.js";
import { Sound } from "./sound.js";
import { freshId } from "./ids.js";
import { OPEN, remember } from "./store.js";

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
    this.keeping = new Keeping(root, store, this, tell);
    this.grid = new Grid(find("grid"), find("ruler"), {
      place: (keys, mark) => this.press("place", keys, mark),
      erase: (keys, mark) => this.press("erase", keys, mark),
      select: (selection) => { this.selection = selection; this.#showGrid(); this.#atCell(); },
      hear: (name) => this.#hear(name),
      mute: (name) => this.mix("muted", name),
      solo: (name) => this.mix("solo", name),
      key: (event) => this.#key(event),
    });
    this.playhead = new Playhead(root, this.grid);
    this.lane = new Lane(find("lane"), find("chords"), {
      at: (beat) => { this.beat = beat; this.#showLane(); this.together?.company.move({ beat }); },
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
  get together() { return this.keeping.together; }
  get body() { return this.together?.body ?? this.history.body; }
  get view() { return { kind: this.kind, body: this.body, tables: this.tables }; }
  get file() { return { ...this.view, loops: this.arranger.loops, score: this.#compiled(this.body) }; }
  get score() { return this.#compiled(audible(this.kind, this.body, this.mixer)); }

  #compiled(body, kind = this.kind) {
    const { loops } = this.arranger;
    return Score.compile(kind, kind === "song" ? this.arranger.playable(body) : body, this.tables, loops);
  }

  // together: with whom (together.js), or null.
  open(work, together = null) {
    this.work = work;
    this.history = begun(work.body);
    [this.selection, this.beat, this.mixer] = [none(), 0, { muted: new Set(), solo: new Set() }];
    remember(OPEN, work.id);
    this.keeping.opened(work, together);
    this.#changed({ isKept: true });
    together?.shown();
  }

  shown() { this.#changed({ isKept: true }); }

  // What was edited alone is edited together from now on.
  joined(together) {
    this.keeping.opened(this.work, together);
    this.#changed();
    together.shown();
  }

  // What together.js asks of this page.
  get forTogether() {
    return {
      isPlayable: (kind, body) => this.#compiled(body, kind),
      changed: (isOwn) => { this.#changed({ isKept: !isOwn }); if (!isOwn) this.keeping.keepSoon(() => this.#asKept()); },
      moved: () => this.#showOthers(),
      where: (at) => this.#where(at),
    };
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
    if (this.together) return this.#editTogether(body, mark);
    this.history = edited(this.history, body, mark);
    this.#changed();
    return true;
  }

  #editTogether(body, mark) {
    const { refusal, score } = this.together;
    tell(refusal ?? "");
    if (refusal) return false;
    if (this.kind === "song" && this.arranger.hasOwn(body)) {
      this.keeping.sync.departing(body).then((sent) => score.edit(sent, mark), () => tell("This loop is only in this browser yet. It comes into the song when there is a line."));
      return false;
    }
    score.edit(body, mark);
    return true;
  }

  step(turn) {
    if (this.together) {
      this.together.score[turn === undone ? "undo" : "redo"]();
      return;
    }
    const history = turn(this.history);
    if (!history) return;
    this.history = history;
    this.#changed();
  }

  // A press on the grid: what was placed is then what is chosen, and is heard.
  press(deed, keys, mark) {
    const place = [rowOf(keys[0]), stepOf(keys[0])];
    this.selection = deed === "place" ? alone(place) : none(place);
    this.#atCell();
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

  #asKept() {
    this.work = { ...this.work, body: this.body, changed_at: Date.now() };
    if (this.kind === "loop") this.arranger.loops[this.work.id] = this.body;
    return this.work;
  }

  #keep() { this.keeping.keep(this.#asKept()); }

  // Where one is, for the others.
  #atCell() {
    const [row, step] = this.selection.cursor;
    this.together?.company.move({ row: GRIDS[this.kind].names(this.body, this.tables)[row], step });
  }

  // Where somebody else is, in words; "" for nowhere here.
  #where(at) {
    if (this.kind === "song") return this.arranger.where(at?.block);
    if (Number.isInteger(at?.beat) && this.kind === "loop") return `chords, bar ${Math.floor(at.beat / 4) + 1} beat ${(at.beat % 4) + 1}`;
    const row = GRIDS[this.kind].names(this.body, this.tables).indexOf(at?.row);
    return row < 0 || !Number.isInteger(at.step) ? "" : `${this.tables.sounds[this.#sounds[row]].label}, ${this.grid.placeOf(at.step)}`;
  }

  #showOthers() {
    if (this.kind === "song") { this.arranger.show(); return; }
    this.#showGrid();
    if (this.kind === "loop") this.#showLane();
  }

  // Those who are at the same place, by what `key` makes of it; what it makes null of is nowhere.
  peers(key) {
    const found = new Map();
    for (const each of this.together?.people ?? []) {
      const place = each.at && each.edits ? key(each.at) : null;
      if (place !== null) found.set(place, [...(found.get(place) ?? []), each]);
    }
    return found;
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
    find("undo").disabled = this.together ? !this.together.score.canUndo : !this.history.past.length;
    find("redo").disabled = this.together ? !this.together.score.canRedo : !this.history.future.length;
    document.title = `${this.body.name} · Studio · Sidechain`;
    if (this.kind === "machine") this.band.show(this.body, this.tables, this.mixer);
    else if (this.kind === "song") this.arranger.show();
    else this.#showGrid();
    if (this.kind === "loop") this.#showLane();
    this.#showPlaying();
  }

  #isSilent(name) { return this.mixer.solo.size ? !this.mixer.solo.has(name) : this.mixer.muted.has(name); }

  #showLane() {
    this.lane.show({ bars: this.body.bars, chords: this.body.chords, beat: this.beat, key: this.body.key, qualities: this.tables.qualities, isSilent: this.#isSilent(CHORDS), peers: this.peers(({ beat }) => beat ?? null) });
    for (const [which, deed] of [["muted", "mute"], ["solo", "solo"]]) root.querySelector(`[data-lane-${deed}]`).setAttribute("aria-pressed", String(this.mixer[which].has(CHORDS)));
  }

  #showGrid() {
    const grid = GRIDS[this.kind];
    const cells = this.#cells;
    const rows = this.#sounds.map((name) => ({ name, label: this.tables.sounds[name].label, sound: this.tables.sounds[name], isMuted: this.mixer.muted.has(name), isSolo: this.mixer.solo.has(name), isSilent: this.#isSilent(name) }));
    const names = this.together ? grid.names(this.body, this.tables) : [];
    const peers = this.peers(({ row, step }) => (names.includes(row) ? at(names.indexOf(row), step) : null));
    this.grid.show({ rows, steps: grid.steps(this.body), perBeat: grid.perBeat(this.body), perBar: grid.perBar(this.body), cells, selection: this.selection, peers });
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
}
