// The lane of chords above the grid, a cell for each beat, and the palette that fills it.
import { flag, made, options } from "./elements.js";
import { KEYS, PROGRESSIONS, chordName, chordsOf, hueOf, isMinor, romanOf, tonicOf } from "./music.js";

const SAID = { maj: "major", min: "minor", dim: "diminished", aug: "augmented", "5": "fifth" };
const said = (chord) => `${chord.root} ${SAID[chord.quality] ?? chord.quality}`;

export class Lane {
  #root;
  #palette;
  #deeds;
  #view = null;
  #withSevenths = true;

  // deeds: at(beat), put(beat, chord), remove(beat), all(chords).
  constructor(root, palette, deeds) {
    [this.#root, this.#palette, this.#deeds] = [root, palette, deeds];
    root.addEventListener("click", (event) => this.#go(event.target.closest("[data-beat]")));
    root.addEventListener("focusin", (event) => this.#go(event.target.closest("[data-beat]")));
    root.addEventListener("keydown", (event) => this.#keyed(event));
    palette.addEventListener("click", (event) => this.#chosen(event.target.closest("button")));
    palette.querySelector("[data-progressions]").addEventListener("change", (event) => this.#progress(event.target));
  }

  // view: { bars, chords, beat (where the next chord goes), key, qualities, isSilent, peers: who else is at a beat }.
  show(view) {
    const before = this.#view;
    this.#view = view;
    if (before?.bars !== view.bars || before.chords !== view.chords || before.key !== view.key) this.#draw();
    this.#root.classList.toggle("silent", view.isSilent);
    this.#root.querySelectorAll("[data-beat]").forEach((cell) => {
      const isHere = Number(cell.dataset.beat) === view.beat;
      cell.tabIndex = isHere ? 0 : -1;
      cell.setAttribute("aria-selected", String(isHere));
      cell.replaceChildren(...(view.peers.get(Number(cell.dataset.beat)) ?? []).slice(0, 1).map(flag));
    });
    this.#palette.querySelector("[data-palette-at]").textContent = `Bar ${Math.floor(view.beat / 4) + 1}, beat ${(view.beat % 4) + 1}`;
    this.#palette.querySelector("[data-chord=remove]").disabled = !view.chords.some((chord) => chord.beat === view.beat);
    if (before?.key !== view.key) this.#offer();
  }

  focus() { this.#root.querySelector(`[data-beat="${this.#view.beat}"]`)?.focus(); }

  #draw() {
    const { bars, chords, key } = this.#view;
    const row = made("div", { role: "row", class: "lane-row" });
    for (let beat = 0; beat < bars * 4; beat++) {
      const here = chords.find((chord) => chord.beat === beat);
      const place = `bar ${Math.floor(beat / 4) + 1} beat ${(beat % 4) + 1}`;
      row.append(made("div", { role: "gridcell", tabindex: "-1", class: `beat${beat % 4 ? "" : " bar-starts"}`, "data-beat": beat, "aria-label": `${place}: ${here ? said(here) : "no new chord"}` }));
    }
    const blocks = chords.map((chord, n) => {
      const end = chords[n + 1]?.beat ?? bars * 4;
      const block = made("span", { class: `chord hue-${hueOf(chord, key)}`, "aria-hidden": "true" }, made("b", {}, chordName(chord)), made("i", {}, romanOf(chord, key)));
      block.style.setProperty("--from", chord.beat);
      block.style.setProperty("--long", end - chord.beat);
      return block;
    });
    const had = this.#root.contains(document.activeElement);
    this.#root.replaceChildren(row, ...blocks);
    if (had) this.focus();
  }

  #offer() {
    const { key, qualities } = this.#view;
    const chords = chordsOf(key, this.#withSevenths).map((chord) =>
      made("button", { type: "button", class: `palette-chord hue-${hueOf(chord, key)}`, "data-chord": JSON.stringify(chord) }, made("b", {}, chordName(chord)), made("i", {}, romanOf(chord, key))));
    this.#palette.querySelector("[data-palette]").replaceChildren(...chords);
    const roots = KEYS.filter((each) => !isMinor(each)).sort((a, b) => tonicOf(a) - tonicOf(b));
    this.#palette.querySelector("[data-root]").replaceChildren(...options(roots.map((root) => [root, root]), roots.find((root) => tonicOf(root) === tonicOf(key))));
    const quality = this.#palette.querySelector("[data-quality]");
    if (!quality.options.length) quality.replaceChildren(...options(Object.keys(qualities).map((each) => [each, SAID[each] ?? each]), "maj"));
    const known = PROGRESSIONS[isMinor(key) ? "minor" : "major"];
    this.#palette.querySelector("[data-progressions]").replaceChildren(...options([["", "A progression…"], ...known.map(([name], n) => [String(n), name])], ""));
  }

  #go(cell) {
    if (cell && Number(cell.dataset.beat) !== this.#view.beat) this.#deeds.at(Number(cell.dataset.beat));
  }

  #keyed(event) {
    const { beat, bars } = this.#view;
    const to = { ArrowLeft: beat - 1, ArrowRight: beat + 1, Home: 0, End: bars * 4 - 4, PageUp: beat - 4, PageDown: beat + 4 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (to !== undefined) {
      this.#deeds.at(Math.min(Math.max(to, 0), bars * 4 - 1));
      this.focus();
    } else if (event.key === "Delete" || event.key === "Backspace") this.#deeds.remove(beat);
    else if (event.key === "Enter") this.#palette.querySelector("[data-palette] button").focus();
    else if (/^[1-7]$/.test(event.key)) this.#deeds.put(beat, chordsOf(this.#view.key, this.#withSevenths)[Number(event.key) - 1]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #chosen(button) {
    const chosen = button?.dataset.chord;
    if (!chosen) return;
    if (chosen === "remove") this.#deeds.remove(this.#view.beat);
    else if (chosen === "sevenths") {
      this.#withSevenths = !this.#withSevenths;
      button.setAttribute("aria-pressed", String(this.#withSevenths));
      this.#offer();
    } else if (chosen === "other") {
      this.#deeds.put(this.#view.beat, { root: this.#palette.querySelector("[data-root]").value, quality: this.#palette.querySelector("[data-quality]").value });
    } else this.#deeds.put(this.#view.beat, JSON.parse(chosen));
  }

  #progress(select) {
    const { key } = this.#view;
    const chosen = PROGRESSIONS[isMinor(key) ? "minor" : "major"][Number(select.value)];
    const was = select.value;
    select.value = "";
    if (was !== "") this.#deeds.all(chosen[1].map((place) => chordsOf(key, this.#withSevenths)[place]));
  }
}
