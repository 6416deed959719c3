// /links for who is not signed in: what the guest of this browser shows by links, where one is made (?of=, the id of a creation) and ended.
import { made } from "./elements.js";
import { GuestIsOver, endGuest, headersOf, keptGuest } from "./guest.js";
import { openStore } from "./store.js";
import { ago } from "./works.js";

const EDITORS = { "": "nobody but you", accounts: "whoever has it and is signed in", anybody: "whoever has it, also without an account" };
const NONE = "There is none that works now. Press Share in the studio to make one.";
const NO_GUEST = "Nobody works here as a guest, and nobody is signed in.";
const find = (name) => document.querySelector(`[data-${name}]`);
const guest = keptGuest();

async function asked(path, method = "GET", body = null) {
  const headers = { ...headersOf(guest), ...(body && { "content-type": "application/json" }) };
  const answer = await fetch(`/api/v1${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  const read = await answer.json();
  if (answer.ok) return read;
  throw new (answer.status === 401 ? GuestIsOver : Error)(read.detail ?? read.title);
}

function say(words) {
  find("said").textContent = words;
  find("said").hidden = !words;
}

async function trying(deed) {
  try {
    await deed();
  } catch (error) {
    if (error instanceof GuestIsOver) await endGuest(await openStore(), guest, null);
    say(error.message);
  }
}

function row({ id, creation_id: creation, kind, title, view_count: views, created_at: madeAt, expires_at: until, may_edit: edit, guests_may_edit: guests }) {
  const name = title || "Untitled";
  const when = ago(Date.parse(madeAt));
  const facts = `${kind[0].toUpperCase()}${kind.slice(1)}, looked at ${views} time${views === 1 ? "" : "s"}. Made ${when}; works until ${until ? until.slice(0, 10) : "you end it"}; edited by ${EDITORS[guests ? "anybody" : edit ? "accounts" : ""]}`;
  const end = () => trying(async () => { await asked(`/creations/${creation}/links/${id}`, "DELETE"); await list(); });
  return made("li", {}, made("span", { class: "person" }, made("a", { class: "link-to", href: `/links?of=${creation}` }, name), made("span", { class: "dim" }, facts)),
    made("button", { class: "quiet danger", type: "button", onclick: end, "aria-label": `End it: the link to ${name}, made ${when}` }, "End it"));
}

async function list() {
  const { links, more } = await asked("/users/me/links");
  find("links").replaceChildren(...links.map(row));
  find("links").hidden = !links.length;
  say(!links.length ? NONE : more ? `There are older ones; these are the newest ${links.length}.` : "");
}

async function offer(creation) {
  const { title, kind } = await asked(`/creations/${creation}`);
  find("title").textContent = title || "Untitled";
  find("new-link").hidden = false;
  find("editors").hidden = kind === "machine";
  find("make").addEventListener("submit", (event) => {
    event.preventDefault();
    const { lasts, editors } = Object.fromEntries(new FormData(event.target));
    trying(async () => {
      const { url } = await asked(`/creations/${creation}/links`, "POST", { days: lasts ? Number(lasts) : null, may_edit: editors !== "", guests_may_edit: editors === "anybody" });
      find("fresh").hidden = false;
      find("fresh-link").value = url;
      find("fresh-link").select();
      await list();
    });
  });
}

if (!guest) say(NO_GUEST);
else {
  const creation = new URLSearchParams(location.search).get("of");
  trying(async () => {
    await list();
    if (/^[0-9a-f]{32}$/.test(creation ?? "")) await offer(creation);
  });
}
