// Who edits this together, where each is, and what is said: the panel beside the grid.
import { made } from "./elements.js";
import { MOST_WORDS } from "./company.js";

const WIDE = matchMedia("(min-width: 1101px)");
const FIRST = { coming: "Looking for the others…", away: "There is no line to the others. What you do here reaches them when it is back.", over: "You are no longer in it." };

function said({ state, words, isRight, people }) {
  if (state === "over" || state === "looks") return words || FIRST.over;
  if (state !== "here") return words ? `${words} ${FIRST.away}` : FIRST[state];
  if (!isRight) return "What somebody wrote into this cannot be played. You see it as it was before.";
  return people.length ? "" : "Nobody else is here now. Whoever has your link may come.";
}

export class People {
  #find;
  #root;
  #ending = new AbortController();
  #unseen = 0;
  #last = null; // that was shown of what was heard

  // deeds: say(words), copy().
  constructor(root, deeds) {
    this.#root = root;
    this.#find = (name) => root.querySelector(`[data-${name}]`);
    const { signal } = this.#ending;
    const [box, form] = [this.#find("chat-box"), this.#find("chat-form")];
    root.classList.add("with-people");
    this.#find("together").hidden = false;
    this.#find("chat").replaceChildren();
    box.open = WIDE.matches;
    form.elements.words.maxLength = MOST_WORDS;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const words = form.elements.words.value.trim();
      if (words) deeds.say(words);
      form.reset();
    }, { signal });
    box.addEventListener("toggle", () => { if (box.open) this.#seen(); }, { signal });
    this.#find("copy").addEventListener("click", () => deeds.copy(), { signal });
  }

  end() {
    this.#ending.abort();
    this.#root.classList.remove("with-people");
    this.#find("together").hidden = true;
  }

  // view: { state, words, isRight, people, heard, isNews, where(at) }.
  show(view) {
    const words = said(view);
    if (this.#find("together-said").textContent !== words) this.#find("together-said").textContent = words;
    this.#find("together-said").hidden = !words;
    this.#find("together").dataset.together = view.state;
    this.#find("copy").hidden = !["over", "looks"].includes(view.state);
    this.#find("editors").replaceChildren(...view.people.map((each) => made("li", { class: `hue-${each.hue}` },
      made("i", { class: "face", "aria-hidden": "true" }, each.mark), made("b", {}, each.name),
      made("span", { class: "dim" }, each.edits ? view.where(each.at) || "here" : "looks on"))));
    this.#find("editors").hidden = !view.people.length;
    if (view.isNews) this.#showHeard(view.heard);
  }

  #showHeard(heard) {
    const [list, box] = [this.#find("chat"), this.#find("chat-box")];
    const fresh = heard.slice(heard.indexOf(this.#last) + 1);
    list.append(...fresh.map(({ name, hue, words, isOwn }) => made("li", { class: `hue-${hue}${isOwn ? " own" : ""}` }, made("b", {}, isOwn ? "You" : name), " ", words)));
    while (list.children.length > heard.length) list.firstElementChild.remove();
    this.#last = heard.at(-1);
    this.#toEnd();
    if (!box.open) this.#unseen += fresh.length;
    this.#find("chat-unseen").textContent = this.#unseen ? String(this.#unseen) : "";
  }

  #seen() {
    this.#unseen = 0;
    this.#find("chat-unseen").textContent = "";
    this.#toEnd();
  }

  #toEnd() { this.#find("chat-log").scrollTop = this.#find("chat-log").scrollHeight; }
}
