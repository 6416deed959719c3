// The bell's number, and what the list of notifications does while it is open.
"use strict";

if (csrf) {
  const badge = document.querySelector("[data-unseen]");
  let list = null; // of the page that is looked at

  const show = (counts) => {
    if (!badge) return;
    badge.textContent = counts.unseen > 99 ? "99+" : counts.unseen;
    badge.hidden = counts.unseen === 0;
    badge.parentElement.setAttribute("aria-label", counts.unseen ? `Notifications, ${counts.unseen} new` : "Notifications");
  };
  const quietly = (work) => work.then(show, () => {}); // a number that is not there is no trouble for who reads

  const bindList = () => {
    list = document.querySelector("[data-notifications]");
    if (!list) return;
    quietly(call("/notifications/seen"));
    list.querySelectorAll("[data-read]").forEach((link) => link.addEventListener("click", () => {
      const headers = { "content-type": "application/json", "x-csrf-token": csrf };
      const body = JSON.stringify({ ids: link.dataset.read.split(" ") });
      fetch(`${API}/notifications/read`, { method: "POST", headers, body, keepalive: true });
    }));
  };

  bindList();
  document.addEventListener("walked", bindList);
  if (badge && !list) quietly(fetch(`${API}/notifications/counts`).then((answer) => (answer.ok ? answer.json() : Promise.reject())));

  document.addEventListener("live", ({ detail }) => {
    if (detail.t !== "notifications.changed") return;
    if (list && detail.new) list.querySelector("[data-fresh-notes]").hidden = false;
    show(detail);
  });
}
