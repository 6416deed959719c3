// What somebody has chosen for the studio in their settings, and how the page obeys it. Where nothing was chosen, all stays as it is.
import { recalled, remember } from "./store.js";

const [PATH, KEPT] = ["/api/users/me/preferences", "studio-preferences"];
const KEYS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const BLANK = ["empty", "pattern", "song", "machine", "merengue"]; // what has no tempo and key of its own

// null: nothing was chosen, or nobody is signed in. Without a line: as it was the last time.
export async function preferred(account) {
  if (!account) return null;
  try {
    const answer = await fetch(PATH);
    const { data } = await answer.json();
    if (answer.ok) remember(KEPT, JSON.stringify(data.chosen ? data.preferences : null));
  } catch { /* then as it was */ }
  return JSON.parse(recalled(KEPT) ?? "null");
}

// A body to begin with, as it is wanted.
export function begunAs(chosen, name, body) {
  if (!chosen || !BLANK.includes(name)) return body;
  return { ...body, bpm: chosen.defaultBpm, ...("key" in body && { key: KEYS[chosen.defaultKey] }) };
}

export function obey(chosen, root, sound) {
  if (!chosen) return;
  if (chosen.theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen.theme;
  root.classList.toggle("no-numbers", !chosen.showBeatNumbers);
  sound.prefer(chosen.defaultVolume);
  const first = root.querySelector(`[data-fresh="${chosen.defaultFlavor === "Merengue" ? "merengue" : "machine"}"]`);
  root.querySelector("[data-fresh=pattern]").after(first);
}
