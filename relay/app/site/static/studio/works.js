// The menu of what is kept: open one, begin another, take one away.
import { made } from "./elements.js";

const SPANS = [[86_400, "day"], [3600, "hour"], [60, "minute"]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function ago(then) {
  const seconds = (Date.now() - then) / 1000;
  const [span, unit] = SPANS.find(([each]) => seconds >= each) ?? [60, "minute"];
  return seconds < 60 ? "just now" : words.format(-Math.floor(seconds / span), unit);
}

// deeds: open(id), other(its id in the account), remove(id), fresh(name).
export function bindWorks(menu, deeds) {
  const close = () => { menu.open = false; menu.querySelector("summary").focus(); };
  menu.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { open, other, remove, fresh } = button.dataset;
    if (open) deeds.open(open);
    else if (other) deeds.other(other);
    else if (fresh) deeds.fresh(fresh);
    else if (remove) { deeds.remove(remove); return; }
    close();
  });
}

export function showWorks(menu, works, openId) {
  menu.querySelector("[data-works]").replaceChildren(...works.map(({ id, kind, body, changed_at }) => made("li", {},
    made("button", { type: "button", class: "work", "data-open": id, "aria-current": id === openId ? "true" : null }, made("b", {}, body.name), made("span", { class: "dim" }, `${kind} · ${ago(changed_at)}`)),
    made("button", { type: "button", class: "quiet work-away", "data-remove": id, "aria-label": `Delete ${body.name}` }, "×"))));
}

// What only the account has yet.
export function showOthers(menu, creations) {
  menu.querySelector("[data-others-head]").hidden = !creations.length;
  menu.querySelector("[data-others]").replaceChildren(...creations.map(({ id, kind, title }) => made("li", {},
    made("button", { type: "button", class: "work", "data-other": id }, made("b", {}, title), made("span", { class: "dim" }, kind)))));
}
