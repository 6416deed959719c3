// How far the open work is kept, in the words that stand beside its name.
import { made } from "./elements.js";

const DAY = new Intl.DateTimeFormat("en", { dateStyle: "long" });
const find = (name) => document.querySelector(`[data-studio] [data-${name}]`);

function say(state, words) {
  find("kept").dataset.kept = state;
  find("kept").textContent = words;
}

// Of what is a guest's at the relay. account: who is signed in meanwhile.
function sayGuests({ isDirty, attempt }, account, until) {
  if (!account && (isDirty || attempt)) say("keeping", navigator.onLine ? "Kept in this browser, on its way to the relay" : "Kept in this browser; it goes to the relay when the line is back");
  else say("kept", `Kept on the relay as a guest, until ${DAY.format(new Date(until))}`);
}

// sync: as the browser's database says it (sync.js); undefined: it is in no account. account: who is signed in. guest: of this browser (guest.js).
export function sayStored(store, sync, account, guest) {
  const isGuests = Boolean(sync && guest && sync.account === guest.name);
  find("account").hidden = store.isLost || Boolean(sync);
  if (find("sign-in")) find("sign-in").hidden = !isGuests;
  sayLineage(sync?.from);
  if (store.isLost) say("lost", store.words);
  else if (!sync) say("kept", store.words);
  else if (sync.trouble) say("lost", `Kept in this browser only: ${sync.trouble}`);
  else if (isGuests) sayGuests(sync, account, guest.until);
  else if (sync.account !== account) say("keeping", `Kept in this browser; the rest waits until ${sync.account} signs in`);
  else if (sync.isDirty || sync.attempt) say("keeping", navigator.onLine ? "Kept in this browser, on its way to your account" : "Kept in this browser; it goes to your account when the line is back");
  else say("kept", "Kept in your account");
  const isOwn = sync?.remote && !sync.together?.link;
  find("links").hidden = !isOwn || !(sync.account === account || (!account && isGuests));
  if (isOwn) find("links").href = account ? `/creations/${sync.remote}/links` : `/links?of=${sync.remote}`;
}

// from: as Creation.forked_from; null: of nothing that one may find.
function sayLineage(from) {
  find("lineage").hidden = !from;
  if (from) find("lineage").replaceChildren("Forked from ", made("a", { href: `/p/${from.id}` }, from.title || "Untitled"), " by ", made("a", { href: `/u/${from.username}` }, from.username), ".");
}

// What became of what somebody made here as a guest, or (isOffered) may become of it.
export function sayGuest(words, isOffered = false) {
  find("guest-said").textContent = words;
  find("take-over").hidden = !isOffered;
  find("guest").hidden = false;
}

// Of works that are in this browser alone: that they may be brought (isOffered), or how far they are; "": nothing.
export function sayBringing(words, isOffered = false) {
  find("bring-said").textContent = words;
  document.querySelectorAll("[data-studio] [data-bring-deed]").forEach((each) => { each.hidden = !isOffered; });
  find("bring").hidden = !words;
}

// Of what is edited together: how far the others have it.
export function sayTogether({ state, words }) {
  if (state === "here") say("kept", "Edited together");
  else if (state === "looks" || state === "over") say("lost", words || "Kept in this browser only");
  else say("keeping", "Kept in this browser; the others have it when the line is back");
}

export const sayKeeping = () => say("keeping", "Keeping…");
export const sayNotKept = (error) => say("lost", `Not kept (${error.message || error.name}). Save it as a file.`);
