// The head of the panel: title, tabs, language. Which tab is open is the page's own business: no kernel is asked.

function render({ model, el }) {
  const page = part(model, el, "dn-header");
  const { h, id, root, send, hear } = page;
  const panels = { create: ".dn-create", history: ".dn-past" };

  const tabs = h("div", { role: "tablist", class: "dn-tabs", words: { "aria-label": "title" } },
    Object.keys(panels).map((key) => h("button", {
      type: "button", role: "tab", class: "dn-tab", id: id(`tab-${key}`), "aria-controls": id(key), "data-tab": key, word: key,
      onclick: () => open(key),
    })));
  tabs.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    const other = [...tabs.children].find((each) => each.getAttribute("aria-selected") === "false");
    open(other.dataset.tab);
    other.focus();
  });
  const languages = h("div", { role: "group", class: "dn-languages", words: { "aria-label": "language" } },
    [["zh", "中文"], ["en", "English"]].map(([tongue, name]) => h("button", {
      type: "button", class: "dn-language", lang: tongue, "data-tongue": tongue, onclick: () => send("tongue", { tongue }),
    }, name)));
  const gone = h("div", { class: "dn-note dn-trouble dn-gone", role: "alert" }, icon("alert"),
    h("div", {}, h("strong", { word: "gone" }), h("p", { word: "gone_fix" })));
  root.append(h("div", { class: "dn-bar" }, h("h2", { word: "title" }), tabs, languages), gone);

  function open(key) {
    for (const tab of tabs.children) {
      const on = tab.dataset.tab === key;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
    }
    const panel = root.closest(".dn-panel");
    if (panel) panel.dataset.tab = key;
    if (key === "history") send("history");
  }
  function speak() {
    for (const each of languages.children) each.setAttribute("aria-pressed", each.dataset.tongue === model.get("tongue"));
    root.closest(".dn-panel")?.setAttribute("lang", model.get("tongue"));
  }
  // The boxes are ipywidgets' own: what they are to a screen reader is said once they stand in the page.
  function introduce(tries) {
    const panel = root.closest(".dn-panel");
    const boxes = Object.entries(panels).map(([key, selector]) => [key, panel?.querySelector(selector)]);
    if (boxes.some(([, box]) => !box)) {
      if (tries) setTimeout(introduce, 50, tries - 1);
      return;
    }
    for (const [key, box] of boxes) {
      box.id = id(key);
      box.setAttribute("role", "tabpanel");
      box.setAttribute("aria-labelledby", id(`tab-${key}`));
    }
    speak();
  }

  hear({ tab: ({ tab }) => open(tab) });
  model.on("change:tongue", speak);
  open("create");
  speak();
  introduce(100);
  if (model.get("auto") && navigator.language.startsWith("zh")) send("tongue", { tongue: "zh" });
  return page.close;
}

export default { render };
