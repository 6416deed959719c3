// What the bar below the grid says and offers of what is chosen there.
import { chordAt } from "./cells.js";
import { options } from "./elements.js";

// view: { kind, body, tables, sounds, cells, selection, place (of the step, in words), canPaste }.
export function showChosen(root, { kind, body, tables, sounds, cells, selection, place, canPaste }) {
  const find = (name) => root.querySelector(`[data-${name}]`);
  const hits = [...selection.keys].flatMap((key) => cells.get(key) ?? []);
  const [row, step] = selection.cursor;
  const chord = kind === "loop" ? chordAt(body, step) : null;
  const words = selection.keys.size > 1 ? `${hits.length} of ${selection.keys.size} squares` : `${tables.sounds[sounds[row]]?.label ?? "No instrument"}, ${place}`;
  find("chosen").textContent = hits[0]?.note && selection.keys.size === 1 ? `${words}: ${hits[0].note}${chord ? ` on ${chord.root}` : ""}` : words;
  find("velocity").disabled = !hits.length;
  if (hits.length) find("velocity").value = hits[0].velocity;
  root.querySelectorAll("[data-needs=hits]").forEach((each) => { each.disabled = !hits.length; });
  root.querySelectorAll("[data-needs=note]").forEach((each) => { each.disabled = !hits.some((hit) => hit.note); });
  root.querySelector("[data-do=paste]").disabled = !canPaste;
  if (kind === "pattern" && find("add").options.length < 2) {
    const named = Object.entries(tables.sounds).map(([name, sound]) => [name, sound.label]).sort((a, b) => a[1].localeCompare(b[1]));
    find("add").replaceChildren(...options([["", "Add an instrument…"], ...named.filter(([name]) => !sounds.includes(name))], ""));
  }
}
