// What every part of the panel builds its page with. Text is only ever set as text: nothing here reads HTML.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  alert: "M12 8v5M12 16.5v.01M10.3 4 2.6 17.5A2 2 0 0 0 4.3 20.5h15.4a2 2 0 0 0 1.7-3L13.7 4a2 2 0 0 0-3.4 0z",
  brush: "M20 4 9.5 14.5M8 14c-2.5 0-3 2-3 3.5S4 20 3 20c1.5 1 6 1.5 7.5-.5 1-1.5.5-3-.5-4z",
  check: "M5 12.5 10 17.5 19.5 7",
  chevron: "M6 9.5l6 6 6-6",
  close: "M6 6l12 12M18 6L6 18",
  compare: "M12 3v18M4 6h5v12H4zM15 6h5v12h-5z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  edit: "M4 20l1-4.5L16.5 4l3.5 3.5L8.5 19 4 20zM14 6.5 17.5 10",
  eraser: "M9 20h11M5.5 17 3.5 15a1.5 1.5 0 0 1 0-2L12 4.5a1.5 1.5 0 0 1 2 0l5 5a1.5 1.5 0 0 1 0 2L11 20H8.5z",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  image: "M4 5h16v14H4zM4 16l4.5-4.5 4 4L15 13l5 5M15.5 9.5v.01",
  minus: "M5 12h14",
  more: "M5 12v.01M12 12v.01M19 12v.01",
  plus: "M12 5v14M5 12h14",
  redo: "M20 8h-9a6 6 0 0 0 0 12h5M16 4l4 4-4 4",
  repeat: "M4 12a8 8 0 0 1 14-5.300L20 9M20 4v5h-5M20 12a8 8 0 0 1-14 5.300L4 15M4 20v-5h5",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5",
  sliders: "M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4",
  spark: "M12 3l1.9 5.600a2.5 2.5 0 0 0 1.5 1.5L21 12l-5.6 1.900a2.5 2.5 0 0 0-1.5 1.5L12 21l-1.9-5.600a2.5 2.5 0 0 0-1.5-1.5L3 12l5.6-1.900a2.5 2.5 0 0 0 1.5-1.5z",
  star: "M12 4l2.5 5.2 5.7.8-4.1 4 1 5.700L12 17l-5.1 2.7 1-5.7-4.1-4 5.7-.8z",
  stop: "M7 7h10v10H7z",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  undo: "M4 8h9a6 6 0 0 1 0 12H8M8 4 4 8l4 4",
  upload: "M12 16V5M7 9l5-5 5 5M5 20h14",
};

/** An icon by its name, or drawn from a path on a 24 x 24 grid; it says nothing to a screen reader. */
function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "dn-icon", "aria-hidden": "true" }))
    svg.setAttribute(key, value);
  path.setAttribute("d", ICONS[name] ?? name);
  svg.append(path);
  return svg;
}

/** A sentence with its {fields} filled in. */
function fill(sentence, fields = {}) {
  return String(sentence ?? "").replace(/\{(\w+)\}/g, (whole, name) => fields[name] ?? whole);
}

/** Call `act` once there was no further call for so many milliseconds. */
function debounce(act, milliseconds) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), milliseconds);
  };
}

/** Put text on the clipboard, also where the page may not use the modern way; tells whether it worked. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const worked = document.execCommand("copy");
    area.remove();
    return worked;
  }
}

/** Put text into a new cell below the panel where the host lets us, else on the clipboard: "cell", "copied" or "". */
async function copyAsCell(text, element) {
  const app = window.jupyterapp;
  const cell = element.closest(".jp-Cell");
  if (app?.commands?.hasCommand("notebook:insert-cell-below") && cell) {
    const notebook = app.shell.currentWidget?.content;
    const place = notebook?.widgets?.findIndex((each) => each.node === cell) ?? -1;
    if (place >= 0) {
      notebook.activeCellIndex = place;
      await app.commands.execute("notebook:insert-cell-below");
      notebook.activeCell.model.sharedModel.setSource(text);
      return "cell";
    }
  }
  return (await copyText(text)) ? "copied" : "";
}

/**
 * Open a part's page in `el` and return what it is built with:
 * `root`, its element; `h(tag, attributes, ...children)`, which makes elements; `word(key, fields)`, a label;
 * `button(icon, key, act, attributes)`; `say(element, key, fields, target)`, which labels and keeps labelled;
 * `id(key)`, an id that no other view has; `announce(text)` for screen readers; `send(do, content, buffers)`; `hear({event: handler})`;
 * `picture(bytes, type)`, an address for bytes, and `drop(address)`; `close`, for `render` to return.
 */
function part(model, el, name) {
  const addresses = new Set();
  const mark = Math.random().toString(36).slice(2, 10);
  const live = document.createElement("div");
  live.className = "dn-unseen";
  live.setAttribute("aria-live", "polite");
  live.setAttribute("role", "status");

  const word = (key, fields) => fill(model.get("words")[key] ?? key, fields);
  const label = (node) => {
    for (const [target, [key, fields]] of Object.entries(node.dnWords)) {
      if (target === "text") node.textContent = word(key, fields);
      else node.setAttribute(target, word(key, fields));
    }
  };
  const say = (node, key, fields, target = "text") => {
    node.dnWords = { ...node.dnWords, [target]: [key, fields] };
    node.dataset.words = "";
    label(node);
    return node;
  };

  /**
   * Attributes: `word: "key"` is its text by label, `words: {"aria-label": "key"}` attributes by label, `on…` functions
   * listeners, `class` its classes, true a bare attribute, null or false none. Children: text, nodes, lists, null.
   */
  function h(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "word") say(node, value);
      else if (key === "words") for (const [target, each] of Object.entries(value)) say(node, each, {}, target);
      else if (typeof value === "function") node.addEventListener(key.slice(2), value);
      else if (key === "value" || key === "checked" || key === "indeterminate") node[key] = value;
      else if (!/^on/i.test(key)) node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  }

  /** A button with an icon and a label; `quiet: true` keeps the label for screen readers and the pointer. */
  function button(name, key, act, { quiet = false, ...attributes } = {}) {
    const words = quiet ? { "aria-label": key, title: key } : {};
    const kind = ["dn-button", quiet && "dn-bare", attributes.class].filter(Boolean).join(" ");
    const text = quiet ? null : h("span", { word: key });
    return h("button", { type: "button", ...attributes, class: kind, words, onclick: act }, name && icon(name), text);
  }

  // A key pressed on one of our buttons is no command to JupyterLab, where B alone adds a cell.
  const root = h("div", { class: `dn ${name}`, lang: model.get("tongue"), "data-lm-suppress-shortcuts": "true" });
  root.append(live);
  el.append(root);
  model.on("change:words", () => {
    root.lang = model.get("tongue");
    root.querySelectorAll("[data-words]").forEach(label);
  });

  return {
    root, h, word, say, button,
    id: (key) => `dn-${mark}-${key}`,
    announce(text) {
      live.textContent = "";
      setTimeout(() => (live.textContent = text), 50);
    },
    send(what, content = {}, buffers = []) {
      try {
        model.send({ ...content, do: what }, undefined, buffers);
        return true;
      } catch {
        return false; // the kernel is gone, which the panel says
      }
    },
    hear(handlers) {
      model.on("msg:custom", (content, buffers) => handlers[content?.event]?.(content, buffers ?? []));
    },
    picture(bytes, type = "image/jpeg") {
      const address = URL.createObjectURL(new Blob([bytes], { type }));
      addresses.add(address);
      return address;
    },
    drop(address) {
      if (addresses.delete(address)) URL.revokeObjectURL(address);
    },
    close() {
      addresses.forEach((address) => URL.revokeObjectURL(address));
      addresses.clear();
    },
  };
}
