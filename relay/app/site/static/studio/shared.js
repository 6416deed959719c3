// /loop/TOKEN for who is not signed in: the fork is a guest's at the relay, and is opened in the studio.
import { GuestIsOver, begunGuest, endGuest, forkedBy, headersOf, keptGuest } from "./guest.js";
import { OPEN, openStore, remember } from "./store.js";
import { Sync } from "./sync.js";

const button = document.querySelector("[data-fork]");
const token = location.pathname.split("/").at(-1);

async function forked(store) {
  const guest = await begunGuest();
  try {
    return await forkedBy(guest, token);
  } catch (error) {
    if (!(error instanceof GuestIsOver)) throw error;
    await endGuest(store, guest, null);
    return forkedBy(await begunGuest(), token);
  }
}

async function fork() {
  const store = await openStore();
  if (store.isLost) throw new Error("This browser lets pages keep nothing, so there is nowhere to put it. Sign in and fork it there.");
  const { id } = await forked(store);
  const guest = keptGuest();
  const work = await new Sync(store, guest.name, headersOf(guest), () => {}).fetched(id);
  remember(OPEN, work.id);
  location.assign("/studio");
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await fork();
    } catch (error) {
      const trouble = document.querySelector("[data-fork-trouble]");
      trouble.textContent = error.message;
      trouble.hidden = false;
      button.disabled = false;
    }
  });
}
