// Comments of the post that is looked at, as they come, go and change; and the place that plays as the place of a new one.
"use strict";

let leftComments = null; // ends what listens for the page that was left

function bindComments() {
  leftComments?.abort();
  leftComments = new AbortController();
  const section = document.querySelector("[data-watch]");
  if (!section) return;
  const fresh = section.querySelector("[data-new-comments]");
  const news = new Set();

  function added(comment) {
    if (comment.post_id !== section.dataset.watch || document.getElementById(`c-${comment.id}`)) return;
    news.add(comment.id);
    fresh.textContent = news.size === 1 ? `New comment of ${comment.username}` : `${news.size} new comments`;
    fresh.hidden = false;
  }

  function edited(comment) {
    const text = document.querySelector(`#c-${comment.id} [data-comment-text]`);
    if (text) text.textContent = comment.text;
  }

  document.addEventListener("live", ({ detail }) => {
    if (detail.t === "comment.added") added(detail.comment);
    if (detail.t === "comment.edited") edited(detail.comment);
    if (detail.t === "comment.deleted") {
      news.delete(detail.comment_id);
      fresh.hidden = news.size === 0;
      document.getElementById(`c-${detail.comment_id}`)?.remove();
    }
  }, { signal: leftComments.signal });

  const player = () => document.querySelector("[data-player]"); // another, when the post has got another sound
  document.addEventListener("click", ({ target }) => {
    const place = target.closest?.("[data-at]");
    const shown = place && onPage.find((each) => each.root === player());
    if (!shown) return;
    shown.move(Number(place.dataset.at) / 1000);
    if (shown.state !== "playing") shown.play();
  }, { signal: leftComments.signal });
  document.querySelectorAll("[data-at-now]").forEach((button) => {
    if (!player()) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const seconds = Number(player().dataset.currentTime || 0);
      const rest = (seconds % 60).toFixed(1).padStart(4, "0");
      button.form.elements.at.value = `${Math.floor(seconds / 60)}:${rest}`;
    });
  });
}

bindComments();
document.addEventListener("walked", bindComments);
