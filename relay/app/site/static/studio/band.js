// The instruments of a machine: what each plays, how loud, and a picture of it.
import { made, options, soundHue, soundIcon } from "./elements.js";

const named = (id) => `${id[0].toUpperCase()}${id.slice(1).replace(/[-_]/g, " ")}`;

export class Band {
  #root;
  #deeds;
  #rows = new Map();

  // deeds: player(instrument, change, mark), solo(instrument).
  constructor(root, deeds) { [this.#root, this.#deeds] = [root, deeds]; }

  show(body, tables, mixer) {
    const { instruments } = tables.styles[body.style];
    if ([...this.#rows.keys()].join() !== body.players.map((each) => each.instrument).join()) this.#build(body, instruments, tables);
    for (const player of body.players) {
      const row = this.#rows.get(player.instrument);
      const program = instruments[player.instrument][player.program];
      row.querySelector("select").value = player.program;
      row.querySelector("input").value = player.volume;
      row.querySelector("[data-mix=mute]").setAttribute("aria-pressed", String(player.muted));
      row.querySelector("[data-mix=solo]").setAttribute("aria-pressed", String(mixer.solo.has(player.instrument)));
      row.classList.toggle("silent", mixer.solo.size ? !mixer.solo.has(player.instrument) : player.muted);
      if (row.dataset.drawn !== player.program) this.#drawProgram(row, player.program, program);
    }
  }

  // position: in ticks of the turn; null: nothing plays.
  light(position, body, tables) {
    for (const player of body.players) {
      const { length } = tables.styles[body.style].instruments[player.instrument][player.program];
      const row = this.#rows.get(player.instrument);
      row.querySelector(".strip").style.setProperty("--at", position === null ? -1 : (position % length) / length);
    }
  }

  #build(body, instruments, tables) {
    this.#rows = new Map(body.players.map(({ instrument }) => {
      const sound = Object.values(instruments[instrument])[0].notes[0]?.[2] ?? "";
      const button = (deed, letter, word, pressed) => made("button", { type: "button", class: "mix", "data-mix": deed, "aria-pressed": "false", "aria-label": `${word} ${named(instrument)}`, title: word, onclick: pressed }, letter);
      const mute = button("mute", "M", "Mute", (event) => this.#deeds.player(instrument, { muted: event.target.getAttribute("aria-pressed") !== "true" }));
      const program = made("select", { "aria-label": `What ${named(instrument)} plays`, onchange: (event) => this.#deeds.player(instrument, { program: event.target.value }) }, ...options(Object.entries(instruments[instrument]).map(([id, each]) => [id, each.label])));
      const volume = made("input", { type: "range", min: 0, max: 1, step: 0.05, "aria-label": `Volume of ${named(instrument)}`, oninput: (event) => this.#deeds.player(instrument, { volume: Number(event.target.value) }, `volume ${instrument}`) });
      const row = made("li", { class: `band-row hue-${soundHue(sound)}` }, made("span", { class: "band-name" }, soundIcon(sound, tables.sounds[sound]), named(instrument)), program, volume, mute, button("solo", "S", "Solo", () => this.#deeds.solo(instrument)), made("div", { class: "strip", "aria-hidden": "true" }));
      return [instrument, row];
    }));
    this.#root.replaceChildren(...this.#rows.values());
  }

  #drawProgram(row, id, { length, notes }) {
    row.dataset.drawn = id;
    const numbers = notes.map((note) => note[3]);
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    row.querySelector(".strip").replaceChildren(made("span", { class: "strip-head" }), ...notes.map(([start, long, , number, velocity]) => {
      const mark = made("i");
      const set = { "--from": start / length, "--long": long / length, "--up": high > low ? (number - low) / (high - low) : 0.5, "--velocity": velocity };
      for (const [name, value] of Object.entries(set)) mark.style.setProperty(name, value);
      return mark;
    }));
  }
}
