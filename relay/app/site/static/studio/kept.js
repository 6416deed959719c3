// How far the open work is kept, in the words that stand beside its name.
const find = (name) => document.querySelector(`[data-studio] [data-${name}]`);

function say(state, words) {
  find("kept").dataset.kept = state;
  find("kept").textContent = words;
}

// sync: as the browser's database says it (sync.js); undefined: it is in no account. account: who is signed in.
export function sayStored(store, sync, account) {
  find("account").hidden = !account || store.isLost || Boolean(sync);
  if (store.isLost) say("lost", store.words);
  else if (!sync) say("kept", store.words);
  else if (sync.trouble) say("lost", `Kept in this browser only: ${sync.trouble}`);
  else if (sync.account !== account) say("keeping", `Kept in this browser; the rest waits until ${sync.account} signs in`);
  else if (sync.isDirty || sync.attempt) say("keeping", navigator.onLine ? "Kept in this browser, on its way to your account" : "Kept in this browser; it goes to your account when the line is back");
  else say("kept", "Kept in your account");
  find("links").hidden = !sync?.remote || sync.account !== account || Boolean(sync.together?.link);
  if (sync?.remote) find("links").href = `/creations/${sync.remote}/links`;
}

// Of what is edited together: how far the others have it.
export function sayTogether({ state, words }) {
  if (state === "here") say("kept", "Edited together");
  else if (state === "looks" || state === "over") say("lost", words || "Kept in this browser only");
  else say("keeping", "Kept in this browser; the others have it when the line is back");
}

export const sayKeeping = () => say("keeping", "Keeping…");
export const sayNotKept = (error) => say("lost", `Not kept (${error.message || error.name}). Save it as a file.`);
