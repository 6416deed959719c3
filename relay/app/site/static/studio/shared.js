// /loop/TOKEN for who is not signed in: a fork is a work of this browser alone, opened in the studio.
import { freshId } from "./ids.js";
import { OPEN, openStore, remember } from "./store.js";

const button = document.querySelector("[data-fork]");

async function fork() {
  const { kind, body } = JSON.parse(document.querySelector("[data-score-player]").dataset.score);
  const { kind: _, ...own } = body;
  const store = await openStore();
  if (store.isLost) throw new Error("This browser lets pages keep nothing, so there is nowhere to put it. Sign in and fork it there.");
  const id = freshId();
  await store.put({ id, kind, body: { ...own, name: document.querySelector("h1").textContent }, changed_at: Date.now() });
  remember(OPEN, id);
  location.assign("/studio");
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => fork().catch((error) => {
    const trouble = document.querySelector("[data-fork-trouble]");
    trouble.textContent = error.message;
    trouble.hidden = false;
  }));
}
