// A song's timeline: a lane for each loop, a block where it sounds. Blocks are moved, made longer and repeated with mouse, finger and keys.
import { flag, made, options } from "./elements.js";

const EDGE_PX = 14; // of a block's right end: there one changes how long it is
const LEAST_BARS = 16;
const FREE_BARS = 8; // behind the end
const words = (block, { name, bars }) => `${name}, bars ${block.start + 1} to ${block.start + block.bars}${block.bars > bars ? `, ${Math.round((block.bars / bars) * 10) / 10} times` : ""}`;

export class Timeline {
  #root;
  #deeds;
  #view = null;

  // root: holds [data-song-ruler] and [data-lanes]. deeds: add(loop, bar or null for behind the last), choose(id), move(id, start, mark),
  // size(id, bars, mark), remove(id), hear(loop), mute(loop), solo(loop), undone keys are the page's.
  constructor(root, deeds) {
    [this.#root, this.#deeds] = [root, deeds];
    root.addEventListener("pointerdown", (event) => this.#pressed(event));
    root.addEventListener("click", (event) => this.#clicked(event));
    root.addEventListener("focusin", (event) => { if (event.target.dataset.block) deeds.choose(event.target.dataset.block); });
    root.addEventListener("keydown", (event) => this.#keyed(event));
  }

  // view: { lanes: [{ loop, name, color, bars, isMuted, isSolo, isSilent, isMissing }], blocks, bars, chosen, peers: who else is at a block }.
  show(view) {
    const had = Boolean(document.activeElement?.dataset?.block);
    this.#view = view;
    const bars = Math.ceil(Math.max(LEAST_BARS, view.bars + FREE_BARS) / 4) * 4;
    this.#root.style.setProperty("--steps", bars);
    this.#root.querySelector("[data-song-ruler]").replaceChildren(...Array.from({ length: bars / 4 }, (_, n) => made("span", {}, made("b", {}, String(n * 4 + 1)))));
    this.#root.querySelector("[data-lanes]").replaceChildren(...view.lanes.map((lane) => this.#lane(lane)));
    if (had) this.focus(); // what is chosen may be another one by now
  }

  focus(id = this.#view.chosen) { this.#root.querySelector(`[data-block="${id}"]`)?.focus(); }

  #lane(lane) {
    const mix = (which, letter, word, pressed) => made("button", { type: "button", class: "mix", "data-mix": which, "data-of": lane.loop, "aria-pressed": String(pressed), "aria-label": `${word} ${lane.name}`, title: word }, letter);
    const head = made("div", { class: "head" },
      made("button", { type: "button", class: "quiet song-add", "data-add-behind": lane.loop, "aria-label": `Add ${lane.name} behind its last block`, title: "Add behind the last" }, "+"),
      made("span", { class: "head-name" }, lane.name), mix("mute", "M", "Mute", lane.isMuted), mix("solo", "S", "Solo", lane.isSolo));
    const track = made("div", { class: "track", "data-track": lane.loop }, ...this.#view.blocks.filter((each) => each.loop === lane.loop).map((block) => this.#block(block, lane)));
    const row = made("div", { class: `row song-lane${lane.isSilent ? " silent" : ""}${lane.isMissing ? " missing" : ""}`, role: "group", "aria-label": lane.name }, head, track);
    row.style.setProperty("--color", lane.color);
    row.style.setProperty("--turn", lane.bars);
    return row;
  }

  #block(block, lane) {
    const element = made("button", { type: "button", class: "block", "data-block": block.id, "aria-pressed": String(block.id === this.#view.chosen), "aria-label": words(block, lane) }, made("span", {}, lane.name), ...(this.#view.peers.get(block.id) ?? []).slice(0, 1).map(flag));
    element.style.setProperty("--from", block.start);
    element.style.setProperty("--long", block.bars);
    return element;
  }

  get #cell() { return parseFloat(getComputedStyle(this.#root.querySelector("[data-song-ruler] span")).width) / 4; }

  // A drag goes on wherever the pointer is: what is drawn meanwhile is another element.
  #pressed(event) {
    const element = event.target.closest("[data-block]");
    if (!element || event.button) return;
    const block = this.#view.blocks.find((each) => each.id === element.dataset.block);
    const isEdge = element.getBoundingClientRect().right - event.clientX < Math.min(EDGE_PX, element.clientWidth / 3);
    const [cell, from, mark] = [this.#cell, event.clientX, `drag ${block.id} ${event.timeStamp}`];
    const moved = ({ clientX }) => {
      const by = Math.round((clientX - from) / cell);
      if (isEdge) this.#deeds.size(block.id, Math.max(block.bars + by, 1), mark);
      else this.#deeds.move(block.id, Math.max(block.start + by, 0), mark);
    };
    const ended = () => {
      removeEventListener("pointermove", moved);
      for (const kind of ["pointerup", "pointercancel"]) removeEventListener(kind, ended);
    };
    addEventListener("pointermove", moved);
    for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, ended);
    this.#deeds.choose(block.id);
    this.focus(block.id);
    event.preventDefault();
  }

  #clicked(event) {
    const { target } = event;
    const { addBehind, mix, of } = target.closest("[data-add-behind], [data-mix]")?.dataset ?? {};
    if (addBehind) this.#deeds.add(addBehind, null);
    else if (mix) this.#deeds[mix](of);
    else if (target.dataset.track) this.#deeds.add(target.dataset.track, Math.floor((event.clientX - target.getBoundingClientRect().left) / this.#cell));
  }

  #keyed(event) {
    const block = this.#view.blocks.find((each) => each.id === event.target.dataset.block);
    if (!block || event.ctrlKey || event.metaKey) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") this.#deeds.remove(block.id);
    else if (by && event.altKey) this.#deeds.move(block.id, block.start + by);
    else if (by && event.shiftKey) this.#deeds.size(block.id, block.bars + by);
    else if (by) this.focus(this.#view.blocks[this.#view.blocks.indexOf(block) + by]?.id);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

// The loops that a song may be made of, in the menu that adds one.
export function showLoops(select, loops) {
  select.replaceChildren(...options([["", loops.length ? "Add a loop…" : "Make a loop first"], ...loops.map(({ id, body }) => [id, `${body.name}, ${body.bars} bar${body.bars === 1 ? "" : "s"}`])], ""));
  select.disabled = !loops.length;
}
