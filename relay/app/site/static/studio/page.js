// /studio: what is pressed becomes a deed of the studio, and the last work is opened where it was left.
import { CHORDS } from "./cells.js";
import { bindFields } from "./fields.js";
import { redone, undone } from "./history.js";
import { preferred } from "./preferred.js";
import { OPEN, onOtherTab, openStore, recalled } from "./store.js";
import { Studio, tell } from "./studio.js";
import { bindWorks, showOthers, showWorks } from "./works.js";

const OWN_KEYS = "input:not([type=range], [type=radio]), textarea, select, button, summary, a";
const root = document.querySelector("[data-studio]");
const find = (name) => root.querySelector(`[data-${name}]`);

const files = () => import("./files.js"); // when somebody needs them: they are a tenth of the page

function bindDeeds(studio) {
  const exported = async (kind) => (await files()).EXPORTS[kind](studio.file);
  const deeds = {
    undo: () => studio.step(undone), redo: () => studio.step(redone),
    copy: () => studio.copy(), paste: () => studio.paste(), double: () => studio.double(), erase: () => studio.onChosen("erase"),
    cut: () => { studio.copy(); studio.onChosen("erase"); },
    up: () => studio.onChosen("transpose", { by: 1 }), down: () => studio.onChosen("transpose", { by: -1 }),
    left: () => studio.shift(0, -1), right: () => studio.shift(0, 1), clear: () => studio.edit("clear"),
    row: () => studio.kind === "pattern" && studio.edit("remove_row", { row: studio.selection.cursor[0] }),
    midi: () => exported("midi"), json: () => exported("json"), wav: () => exported("wav"),
    earlier: () => studio.arranger.onChosen("move_block", ({ start }) => ({ start: start - 1 })), later: () => studio.arranger.onChosen("move_block", ({ start }) => ({ start: start + 1 })),
    shorter: () => studio.arranger.onChosen("size_block", ({ bars }) => ({ bars: bars - 1 })), longer: () => studio.arranger.onChosen("size_block", ({ bars }) => ({ bars: bars + 1 })),
    repeat: () => studio.arranger.onChosen("repeat_block", () => ({})), "erase-block": () => studio.arranger.onChosen("remove_block", () => ({})),
    "take-other": () => studio.keeping.takeOther(), "keep-both": () => studio.keeping.keepBoth(), "take-over": () => studio.keeping.takeOver(),
    bring: () => studio.keeping.bringing.begin(), "leave-here": () => studio.keeping.bringing.leave(),
    open: () => find("file").click(), account: () => studio.keeping.beginSync(),
    "mute-chords": () => studio.mix("muted", CHORDS), "solo-chords": () => studio.mix("solo", CHORDS),
  };
  root.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    button.closest("details")?.removeAttribute("open");
    try {
      await deeds[button.dataset.do]();
    } catch (error) {
      tell(`That did not work: ${error.message}`);
    }
  });
  find("select").addEventListener("click", () => {
    studio.grid.isSelecting = !studio.grid.isSelecting;
    find("select").setAttribute("aria-pressed", String(studio.grid.isSelecting));
    find("grid").classList.toggle("selecting", studio.grid.isSelecting);
  });
  find("mixing").addEventListener("click", () => {
    const isMixing = root.querySelector(".roll-box").classList.toggle("mixing");
    find("mixing").setAttribute("aria-pressed", String(isMixing));
  });
  find("velocity").addEventListener("input", (event) => studio.onChosen("velocity", { to: Number(event.target.value) }, "velocity"));
  find("add").addEventListener("change", (event) => {
    const sound = event.target.value;
    event.target.replaceChildren();
    if (sound) studio.edit("add_row", { sound });
  });
  find("volume").value = studio.sound.volume;
  find("volume").addEventListener("input", (event) => studio.sound.setVolume(Number(event.target.value)));
  root.addEventListener("mousedown", (event) => { if (event.target.closest("button:not([data-works] button)")) event.preventDefault(); }); // keys stay where they are
  find("play").addEventListener("click", () => studio.toggle());
}

function bindKeys(studio) {
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input[type=text], input[type=number], textarea, select");
    if (event.key === " " && !event.target.closest(OWN_KEYS)) {
      event.preventDefault();
      studio.toggle();
    } else if ((event.ctrlKey || event.metaKey) && !event.altKey && !isTyping && ["z", "y"].includes(event.key.toLowerCase())) {
      event.preventDefault();
      studio.step(event.key.toLowerCase() === "y" || event.shiftKey ? redone : undone);
    }
  });
}

function bindKept(studio) {
  const menu = find("menu");
  const listed = async () => {
    showWorks(menu, await studio.store.list(), studio.work.id);
    showOthers(menu, await studio.keeping.sync?.others().catch(() => []) ?? []);
  };
  menu.addEventListener("toggle", () => { if (menu.open) listed(); });
  bindWorks(menu, {
    async open(id) {
      await studio.keeping.open(id);
      if (studio.chosen?.autoPlay && !studio.sound.isPlaying) await studio.toggle();
    },
    other: (remote) => studio.keeping.openRemote(remote).catch((error) => tell(`It did not come: ${error.message}`)),
    fresh: (name) => studio.fresh(name),
    async remove(id) {
      await studio.store.remove(id);
      await studio.arranger.read(studio.store);
      if (id === studio.work.id) studio.fresh("empty");
      listed();
    },
  });
  const take = async (file) => {
    try {
      const { told, loops, kind, body } = await (await files()).opened(file, studio.tables);
      studio.adopt({ kind, body: kind === "song" ? await studio.arranger.adopted(studio.store, body, loops) : body });
      tell(told.join(" "));
    } catch (error) {
      tell(error.message);
    }
  };
  find("file").addEventListener("change", (event) => { if (event.target.files[0]) take(event.target.files[0]); event.target.value = ""; });
  root.addEventListener("dragover", (event) => { if (event.dataTransfer.types.includes("Files")) event.preventDefault(); });
  root.addEventListener("drop", (event) => { if (event.dataTransfer.files[0]) { event.preventDefault(); take(event.dataTransfer.files[0]); } });
}

// What the address asks for (?open=, the id of a creation in the account, or with link= of somebody else's), or what was open last.
async function openFirst(studio, query) {
  const { store, keeping } = studio;
  const [asked, link] = [query.get("open"), query.get("link")];
  if (location.search) history.replaceState(null, "", location.pathname);
  const known = asked && (await store.syncs()).find((each) => each.remote === asked)?.id;
  let trouble = "";
  if (asked && (link || (!known && keeping.sync))) {
    try {
      await keeping.openRemote(asked, link);
      return;
    } catch (error) {
      trouble = `It did not come: ${error.message}`;
    }
  }
  const last = await store.get(known ?? recalled(OPEN) ?? "") ?? (await store.list())[0];
  if (last) await keeping.open(last.id);
  else studio.fresh("loop");
  if (trouble) tell(trouble);
}

async function start() {
  const store = await openStore();
  const [tables, chosen] = await Promise.all([Kit.tables(), preferred(root.dataset.account)]);
  const studio = new Studio(tables, store, chosen);
  bindDeeds(studio);
  bindFields(root, studio.tables, (name, to, mark) => studio.edit(name, { to }, mark));
  bindKeys(studio);
  bindKept(studio);
  await studio.arranger.read(store);
  onOtherTab(async (id) => {
    await studio.arranger.read(store);
    studio.keeping.changedElsewhere(id);
  });
  const query = new URLSearchParams(location.search);
  await openFirst(studio, query);
  studio.keeping.sync?.soon(0);
  studio.keeping.greet(query.has("take-over")).catch((error) => tell(`What you made as a guest did not come: ${error.message}`));
  addEventListener("offline", () => studio.keeping.showStored());
  find("desk").hidden = false;
  find("waiting").hidden = true;
}

start().catch((error) => {
  root.dataset.state = "broken";
  find("waiting").textContent = `The studio could not start (${error.message}). Load the page again; what you made before is kept.`;
});
