// A body and the way to it. Nothing here knows what a body is.
const MOST_PAST = 500;

export const begun = (body) => ({ body, past: [], future: [], mark: null });

// mark: edits that follow each other with the same one are undone together (a slider that is dragged); null: alone.
export function edited(history, body, mark = null) {
  if (body === history.body) return history;
  const goesOn = mark !== null && mark === history.mark;
  return { body, past: goesOn ? history.past : [...history.past, history.body].slice(-MOST_PAST), future: [], mark };
}

export const undone = ({ body, past, future }) => (past.length ? { body: past.at(-1), past: past.slice(0, -1), future: [body, ...future], mark: null } : null);
export const redone = ({ body, past, future }) => (future.length ? { body: future[0], past: [...past, body], future: future.slice(1), mark: null } : null);
