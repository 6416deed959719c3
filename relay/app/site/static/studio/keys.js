// What keys do on the grid, beside moving about in it (grid.js): a table from a key to a deed of the studio.
const PLAIN = {
  Delete: (studio) => studio.onChosen("erase"),
  Backspace: (studio) => studio.onChosen("erase"),
  "+": (studio) => studio.onChosen("louder", { by: 0.1 }, "louder"),
  "=": (studio) => studio.onChosen("louder", { by: 0.1 }, "louder"),
  "-": (studio) => studio.onChosen("louder", { by: -0.1 }, "louder"),
  m: (studio) => studio.mix("muted", studio.rowName()),
  s: (studio) => studio.mix("solo", studio.rowName()),
};
const WITH_ALT = {
  ArrowUp: (studio) => studio.onChosen("transpose", { by: 1 }),
  ArrowDown: (studio) => studio.onChosen("transpose", { by: -1 }),
  ArrowLeft: (studio) => studio.shift(0, -1),
  ArrowRight: (studio) => studio.shift(0, 1),
};
const WITH_COMMAND = {
  c: (studio) => studio.copy(),
  x: (studio) => { studio.copy(); studio.onChosen("erase"); },
  v: (studio) => studio.paste(),
  d: (studio) => studio.double(),
};

export function keyEdit(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) return WITH_COMMAND[key] ?? null;
  return (event.altKey ? WITH_ALT : PLAIN)[key] ?? null;
}
