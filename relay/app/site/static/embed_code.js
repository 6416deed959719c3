// The page that has the lines for somebody's own page: they follow what is chosen, and so does the player shown.
"use strict";

(() => {
  function bind() {
    const root = document.querySelector("[data-embed-code]");
    if (!root) return;
    const { post, relay, height } = root.dataset;
    const [preview, frame, widget] = ["preview", "frame", "widget"].map((name) => root.querySelector(`[data-${name}]`));

    function show() {
      const chosen = Object.fromEntries([...root.querySelectorAll("[data-option]")].map((each) => [each.dataset.option, each.checkValidity() ? each.value : ""]));
      const { width, theme, bpm = "" } = chosen;
      const query = new URLSearchParams(Object.entries({ bpm, theme }).filter(([, value]) => value)).toString();
      const path = `/embed/${post}${query && `?${query}`}`;
      frame.value = `<iframe src="${relay}${path.replaceAll("&", "&amp;")}" width="${width || "100%"}" height="${height}" style="border:0" loading="lazy" allow="autoplay" title="A loop on Sidechain"></iframe>`;
      const data = Object.entries(chosen).filter(([, value]) => value).map(([name, value]) => ` data-${name}="${value}"`).join("");
      widget.value = `<div data-sidechain="${post}"${data}></div>\n<script src="${relay}/widget.js" async></${"script"}>`;
      preview.width = width || "100%";
      if (preview.getAttribute("src") !== path) preview.src = path;
    }

    root.addEventListener("change", show);
  }

  bind();
  document.addEventListener("walked", bind);
})();
