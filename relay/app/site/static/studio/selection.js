// Which cells are chosen: a set of keys (cells.js), the cell that the keys are at, and the corner that a rectangle began in.
import { at, rowOf, stepOf } from "./cells.js";

export const none = (cursor = [0, 0]) => ({ keys: new Set(), cursor, anchor: cursor });
export const alone = (cell) => ({ keys: new Set([at(...cell)]), cursor: cell, anchor: cell });

export function extended(selection, cell) {
  const [rows, steps] = [0, 1].map((n) => [selection.anchor[n], cell[n]].sort((a, b) => a - b));
  const keys = new Set();
  for (let row = rows[0]; row <= rows[1]; row++) for (let step = steps[0]; step <= steps[1]; step++) keys.add(at(row, step));
  return { keys, cursor: cell, anchor: selection.anchor };
}

export function toggled(selection, cell) {
  const keys = new Set(selection.keys);
  if (!keys.delete(at(...cell))) keys.add(at(...cell));
  return { keys, cursor: cell, anchor: cell };
}

export const everything = (rows, steps, cursor) => ({ ...extended({ anchor: [0, 0] }, [rows - 1, steps - 1]), cursor, anchor: [0, 0] });
export const moved = ({ keys, cursor, anchor }, rows, steps) => ({
  keys: new Set([...keys].map((key) => at(rowOf(key) + rows, stepOf(key) + steps))),
  cursor: [cursor[0] + rows, cursor[1] + steps],
  anchor: [anchor[0] + rows, anchor[1] + steps],
});

// What of it has hits, from its upper left corner; null: nothing.
export function copied(cells, keys) {
  const all = [...keys];
  const filled = all.filter((key) => cells.has(key));
  if (!filled.length) return null;
  const [row, step] = [Math.min(...all.map(rowOf)), Math.min(...all.map(stepOf))];
  const steps = Math.max(...all.map(stepOf)) - step + 1;
  return { steps, cells: filled.map((key) => [rowOf(key) - row, stepOf(key) - step, cells.get(key)]) };
}
