// /loop/TOKEN for who is not signed in: a fork is a guest's at the relay, and a guest edits what the link lets one edit; both open in the studio.
import { GuestIsOver, begunGuest, endGuest, forkedBy, headersOf, keptGuest, seenGuest } from "./guest.js";
import { OPEN, openStore, remember } from "./store.js";
import { Sync } from "./sync.js";

const token = location.pathname.split("/").at(-1);

// As the guest of this browser; as a new one, where that one is no more.
async function asGuest(store, deed) {
  const guest = await begunGuest();
  try {
    return await deed(guest);
  } catch (error) {
    if (!(error instanceof GuestIsOver)) throw error;
    await endGuest(store, guest, null);
    return deed(await begunGuest());
  }
}

async function opened() {
  const store = await openStore();
  if (store.isLost) throw new Error("This browser lets pages keep nothing, so there is nowhere to put it. Sign in and open it there.");
  return store;
}

async function fork() {
  const store = await opened();
  const { id } = await asGuest(store, (guest) => forkedBy(guest, token));
  const guest = keptGuest();
  const work = await new Sync(store, guest.name, headersOf(guest), () => {}).fetched(id);
  remember(OPEN, work.id);
  location.assign("/studio");
}

async function edit({ dataset }) {
  await asGuest(await opened(), seenGuest);
  location.assign(`/studio?${new URLSearchParams({ open: dataset.edit, link: token })}`);
}

for (const [name, deed] of [["fork", fork], ["edit", edit]]) {
  const button = document.querySelector(`[data-${name}]`);
  if (!button) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await deed(button);
    } catch (error) {
      const trouble = document.querySelector("[data-fork-trouble]");
      trouble.textContent = error.message;
      trouble.hidden = false;
      button.disabled = false;
    }
  });
}
