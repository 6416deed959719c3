// Who keeps music at the relay without an account: a guest. Its token is all there is of it, and stands in this browser alone.
import { recalled, remember } from "./store.js";

const [API, KEPT, NONE] = ["/api/v1", "studio-guest", "null"];
const OVER = ["token_invalid", "gone"]; // the codes of refusals after which nobody has any use for the token

export class GuestIsOver extends Error {}

// { token, name, until (when all of it is deleted, if it is not used before) }, or null.
export const keptGuest = () => JSON.parse(recalled(KEPT) ?? NONE);
export const headersOf = ({ token }) => ({ authorization: `Bearer ${token}` });
const keep = (guest) => { remember(KEPT, JSON.stringify(guest)); return guest; };

async function asked(path, { method = "POST", headers = {}, body } = {}) {
  const answer = await fetch(API + path, { method, headers: { ...headers, ...(body && { "content-type": "application/json" }) }, ...(body && { body: JSON.stringify(body) }) });
  const read = await answer.json();
  if (!answer.ok) throw new (OVER.includes(read.code) ? GuestIsOver : Error)(read.detail ?? read.title);
  return read;
}

// The one of this browser, or a new one.
export async function begunGuest() {
  const known = keptGuest();
  if (known) return known;
  remember(KEPT, NONE);
  if (recalled(KEPT) !== NONE) throw new Error("This browser lets pages keep nothing, so nobody could come back to it. Sign in first.");
  const { access_token: token, user, expires_at: until } = await asked("/auth/guest");
  return keep({ token, name: user.username, until });
}

// It was here, which keeps it alive. Raises GuestIsOver.
export async function seenGuest(guest) {
  const { expires_at: until } = await asked("/users/me", { method: "GET", headers: headersOf(guest) });
  return keep({ ...guest, until });
}

// What a link shows, as the guest's own. Raises GuestIsOver.
export const forkedBy = (guest, token) => asked(`/shared/${token}/fork`, { headers: headersOf(guest) });

// All of it is now whose page this is: the relay does it in one step, and the same again if it is asked again. How many works that are.
export async function takenOver(guest, csrf) {
  const { creations } = await asked("/users/me/take-over", { headers: { "x-csrf-token": csrf }, body: { token: guest.token } });
  return creations;
}

// Its works stay here; account: who has them at the relay now, or null.
export async function endGuest(store, guest, account) {
  await store.handOver(guest.name, account);
  keep(null);
}
