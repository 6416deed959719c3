// The grid of sounds by steps: drawn, pressed, dragged over and walked through with keys. It decides nothing: what is done is told to `deeds`.
import { at, rowOf, stepOf } from "./cells.js";
import { flag, made, soundHue, soundIcon } from "./elements.js";
import { alone, everything, extended, none, toggled } from "./selection.js";

const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

const NAMED_PX = 26;

export class Grid {
  #root;
  #ruler;
  #deeds;
  #view = null;
  #cells = new Map(); // elements by key
  #shown = new Map(); // what each looks like, by key
  #shape = "";
  #stroke = null; // of a pointer that is down: { deed, seen, mark }
  #lit = [];
  isSelecting = false;

  // deeds: place(keys, mark), erase(keys, mark), select(selection), hear(row), mute(name), solo(name), key(event, selection).
  constructor(root, ruler, deeds) {
    [this.#root, this.#ruler, this.#deeds] = [root, ruler, deeds];
    addEventListener("resize", () => this.#measure());
    root.addEventListener("pointerdown", (event) => this.#pressed(event));
    root.addEventListener("pointermove", (event) => this.#dragged(event));
    for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) root.addEventListener(kind, () => { this.#stroke = null; });
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("keydown", (event) => this.#keyed(event));
    root.addEventListener("focusin", (event) => this.#focused(event));
  }

  // view: { rows: [{ name, label, sound, isMuted, isSolo, isSilent }], steps, perBeat, perBar, cells, selection, peers: who else is at a cell, by key }.
  show(view) {
    this.#view = view;
    const shape = JSON.stringify([view.rows.map((row) => row.name), view.steps, view.perBeat, view.perBar]);
    if (shape !== this.#shape) this.#build(shape);
    view.rows.forEach((row, r) => this.#showHead(row, r));
    for (const [key, element] of this.#cells) this.#showCell(key, element);
    this.#root.parentElement.style.setProperty("--steps", view.steps);
    this.#root.parentElement.style.setProperty("--per-beat", view.perBeat);
    this.#measure();
  }

  #measure() { // names of notes are shown where there is room
    const cell = this.#cells.values().next().value;
    this.#root.classList.toggle("dense", Boolean(cell) && cell.offsetWidth < NAMED_PX);
  }

  // Which column sounds; null: none.
  light(step) {
    for (const each of this.#lit) each.classList.remove("sounds");
    this.#lit = [];
    if (step === null || !this.#view) return;
    this.#view.rows.forEach((row, r) => {
      const element = this.#view.cells.has(at(r, step)) && !row.isSilent ? this.#cells.get(at(r, step)) : null;
      if (element) { element.classList.add("sounds"); this.#lit.push(element); }
    });
  }

  focus() { this.#cells.get(at(...this.#view.selection.cursor))?.focus(); }

  #build(shape) {
    const { rows, steps, perBeat, perBar } = this.#view;
    this.#shape = shape;
    this.#shown.clear();
    this.#cells.clear();
    this.#root.setAttribute("aria-rowcount", rows.length);
    this.#root.setAttribute("aria-colcount", steps + 1);
    this.#ruler.replaceChildren(...Array.from({ length: Math.ceil(steps / perBeat) }, (_, beat) => {
      const inBar = beat % (perBar / perBeat);
      return made("span", {}, inBar ? String(inBar + 1) : made("b", {}, String(Math.floor((beat * perBeat) / perBar) + 1)));
    }));
    this.#root.replaceChildren(...rows.map((row, r) => {
      const line = made("div", { role: "row", class: `row hue-${soundHue(row.name)}` }, this.#head(row));
      for (let step = 0; step < steps; step++) {
        const starts = step % perBar === 0 ? " bar-starts" : step % perBeat === 0 ? " beat-starts" : "";
        const cell = made("div", { role: "gridcell", tabindex: "-1", class: `cell${starts}${Math.floor(step / perBeat) % 2 ? " odd" : ""}`, "data-key": at(r, step) });
        this.#cells.set(at(r, step), cell);
        line.append(cell);
      }
      return line;
    }));
  }

  #head(row) {
    const button = (deed, letter, word) => made("button", { type: "button", class: "mix", tabindex: "-1", "data-mix": deed, "aria-pressed": "false", "aria-label": `${word} ${row.label}`, title: word, onclick: () => this.#deeds[deed](row.name) }, letter);
    const hear = made("button", { type: "button", class: "hear", tabindex: "-1", "aria-label": `Hear ${row.label}`, onclick: () => this.#deeds.hear(row.name) }, soundIcon(row.name, row.sound));
    return made("div", { role: "rowheader", class: "head" }, hear, made("span", { class: "head-name" }, row.label), button("mute", "M", "Mute"), button("solo", "S", "Solo"));
  }

  #showHead(row, r) {
    const line = this.#root.children[r];
    line.classList.toggle("silent", row.isSilent);
    line.querySelector("[data-mix=mute]").setAttribute("aria-pressed", String(row.isMuted));
    line.querySelector("[data-mix=solo]").setAttribute("aria-pressed", String(row.isSolo));
  }

  #showCell(key, element) {
    const { cells, selection, rows } = this.#view;
    const hits = cells.get(key);
    const isCursor = key === at(...selection.cursor);
    const note = hits?.[0].note ?? "";
    const peers = this.#view.peers.get(key) ?? [];
    const names = peers.map((each) => each.name).join(" and ");
    const look = `${hits ? hits[0].velocity : ""}|${note}|${hits?.length ?? 0}|${selection.keys.has(key)}|${isCursor}|${names}`;
    if (this.#shown.get(key) === look) return;
    this.#shown.set(key, look);
    element.classList.toggle("on", Boolean(hits));
    element.setAttribute("aria-selected", String(selection.keys.has(key)));
    element.tabIndex = isCursor ? 0 : -1;
    element.replaceChildren(hits && hits.length > 1 ? `${note}+` : note, ...peers.slice(0, 1).map(flag));
    if (hits) element.style.setProperty("--velocity", `${Math.round(hits[0].velocity * 100)}%`);
    element.setAttribute("aria-label", `${rows[rowOf(key)].label}, ${this.placeOf(stepOf(key))}, ${hits ? `on${note && `, ${note}`}, ${Math.round(hits[0].velocity * 100)} %` : "off"}${names && `, ${names} here`}`);
  }

  placeOf(step) {
    const { perBar, perBeat } = this.#view;
    const inBar = step % perBar;
    const sub = inBar % perBeat;
    return `bar ${Math.floor(step / perBar) + 1} beat ${Math.floor(inBar / perBeat) + 1}${sub ? `.${sub + 1}` : ""}`;
  }

  #cellAt(event) {
    const there = document.elementFromPoint(event.clientX, event.clientY);
    return there?.closest(".cell")?.parentElement.parentElement === this.#root ? Number(there.closest(".cell").dataset.key) : null;
  }

  #pressed(event) {
    const cell = event.target.closest(".cell");
    const isSelecting = this.isSelecting || event.shiftKey || event.ctrlKey || event.metaKey;
    if (!cell || event.button || (event.pointerType === "touch" && !isSelecting)) return; // a finger scrolls; its tap comes as a click
    event.preventDefault();
    const [key, { selection, cells }] = [Number(cell.dataset.key), this.#view];
    const place = [rowOf(key), stepOf(key)];
    cell.focus({ preventScroll: true });
    this.#root.setPointerCapture(event.pointerId);
    if (event.ctrlKey || event.metaKey) {
      this.#deeds.select(toggled(selection, place));
      return;
    }
    if (isSelecting) {
      this.#stroke = { deed: null };
      this.#deeds.select(event.shiftKey ? extended(selection, place) : alone(place));
      return;
    }
    const deed = cells.has(key) ? "erase" : "place";
    this.#stroke = { deed, seen: new Set([key]), mark: Symbol(deed) };
    this.#deeds[deed]([key], this.#stroke.mark);
  }

  #dragged(event) {
    const key = this.#stroke && this.#cellAt(event);
    if (key === null) return;
    const { deed, seen, mark } = this.#stroke;
    const place = [rowOf(key), stepOf(key)];
    if (!deed) this.#deeds.select(extended(this.#view.selection, place));
    else if (!seen.has(key) && this.#view.cells.has(key) === (deed === "erase")) {
      seen.add(key);
      this.#deeds[deed]([key], mark);
    }
  }

  #clicked(event) { // of a finger, or of what reads the screen aloud: a mouse has acted when it was pressed
    const cell = event.target.closest(".cell");
    if (!cell || event.pointerType === "mouse" || event.pointerType === "pen" || this.isSelecting || event.shiftKey || event.ctrlKey) return;
    this.#toggle(Number(cell.dataset.key));
  }

  #toggle(key) { this.#deeds[this.#view.cells.has(key) ? "erase" : "place"]([key], null); }

  #focused(event) {
    const key = event.target.dataset.key;
    if (key === undefined || Number(key) === at(...this.#view.selection.cursor)) return;
    this.#deeds.select(none([rowOf(Number(key)), stepOf(Number(key))]));
  }

  #go(cell, isExtending) {
    const { selection } = this.#view;
    this.#deeds.select(isExtending ? extended(selection, cell) : none(cell));
    this.focus();
  }

  #keyed(event) {
    if (!event.target.classList.contains("cell")) return;
    const { selection, rows, steps, perBar } = this.#view;
    const [row, step] = selection.cursor;
    const inside = (r, s) => [Math.min(Math.max(r, 0), rows.length - 1), Math.min(Math.max(s, 0), steps - 1)];
    const [isCommand, arrow] = [event.ctrlKey || event.metaKey, ARROWS[event.key]];
    const jump = { Home: 0, End: steps - 1, PageUp: step - perBar, PageDown: step + perBar }[event.key];
    if (arrow && !event.altKey && !isCommand) this.#go(inside(row + arrow[0], step + arrow[1]), event.shiftKey);
    else if (jump !== undefined) this.#go(inside(row, jump), event.shiftKey);
    else if (event.key === "Enter") this.#toggle(at(row, step));
    else if (event.key === "Escape") this.#deeds.select(none(selection.cursor));
    else if (isCommand && event.key.toLowerCase() === "a") this.#deeds.select(everything(rows.length, steps, selection.cursor));
    else if (!this.#deeds.key(event, selection)) return;
    event.preventDefault();
    event.stopPropagation();
  }
}
