// The fields beside Play: each edits one value of the body, and shows it. [data-field] names the edit.
import { options } from "./elements.js";
import { KEYS, keyName } from "./music.js";

const NUMBERS = ["bpm", "swing", "beats", "steps_per_beat", "bars"];

// edit(name, to, mark): of edits.js. An edit of a range that is dragged is one step of Undo.
export function bindFields(root, tables, edit) {
  const pitched = Object.entries(tables.sounds).filter(([, sound]) => sound.is_pitched);
  root.querySelector("[data-field=key]").replaceChildren(...options(KEYS.map((key) => [key, keyName(key)])));
  root.querySelector("[data-field=chord_sound]").replaceChildren(...options([...pitched.map(([name, sound]) => [name, sound.label]), ["", "Nobody"]]));
  root.querySelectorAll("[data-field]").forEach((field) => {
    const name = field.dataset.field;
    const told = () => {
      const value = field.value === "" && name === "chord_sound" ? null : field.value;
      if (value === "" || (NUMBERS.includes(name) && !Number.isFinite(Number(value)))) return;
      edit(name, NUMBERS.includes(name) ? Number(value) : value, field.type === "radio" || field.localName === "select" ? null : `field ${name}`);
    };
    field.addEventListener(field.type === "number" ? "change" : "input", told);
    if (name === "name") field.addEventListener("blur", () => { field.value = field.dataset.shown; });
  });
  root.querySelectorAll("[data-step]").forEach((button) => button.addEventListener("click", () => {
    const field = root.querySelector(`[data-field=${button.dataset.of}]`);
    edit(button.dataset.of, Number(field.value) + Number(button.dataset.step), `field ${button.dataset.of}`);
  }));
}

export function showFields(root, kind, body) {
  root.querySelectorAll("[data-for]").forEach((part) => { part.hidden = !part.dataset.for.split(" ").includes(kind); });
  root.querySelectorAll("[data-field]").forEach((field) => {
    const value = body[field.dataset.field];
    if (value === undefined) return;
    const shown = String(value ?? "");
    if (field.type === "radio") field.checked = field.value === shown;
    else if (field !== document.activeElement || field.dataset.field !== "name") field.value = shown;
    field.dataset.shown = shown;
  });
  if (body.swing) root.querySelector("[data-swing]").textContent = body.swing === 50 ? "straight" : `${body.swing} %`;
}
