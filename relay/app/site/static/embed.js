// What the page around this frame asks of its player, and what it is told: messages of widget.js, and of whoever writes them by hand.
// In: { sidechain: "play" | "pause" | "bpm", bpm }. Out: { sidechain: "state", state, bpm, trouble }, the first of them when it can be asked.
"use strict";

(() => {
  const written = window.ScorePlayers?.all()[0] ?? null; // its tempo is free; that of a recording is not
  const player = written ?? onPage[0];
  if (!player) return;
  const tell = (trouble = "") => {
    if (parent !== window) parent.postMessage({ sidechain: "state", state: player.state, bpm: written?.bpm ?? null, trouble }, "*");
  };
  const deeds = {
    play: () => { if (player.state !== "playing" && player.state !== "loading") player.play(); },
    pause: () => { if (player.state === "playing" || written) player.pause(); },
    bpm(bpm) {
      if (!written) tell("The tempo of a recording stays as it was played.");
      else if (Number.isFinite(bpm)) written.setBPM(bpm);
    },
  };

  addEventListener("message", ({ source, data }) => {
    if (source === parent && Object.hasOwn(deeds, data?.sidechain)) deeds[data.sidechain](Number(data.bpm));
  });
  new MutationObserver(() => tell(player.trouble.hidden ? "" : player.trouble.textContent))
    .observe(player.root, { attributes: true, attributeFilter: ["data-state", "data-bpm", "hidden"], subtree: true });
  const asked = Number(new URLSearchParams(location.search).get("bpm"));
  if (asked && written) written.setBPM(asked);
  tell();
})();
