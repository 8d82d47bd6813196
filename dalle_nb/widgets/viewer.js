// Pictures in large: one with its verbs, or two side by side. Knows no history and no message.

Object.assign(ICONS, {
  back: "M15 5l-7 7 7 7",
  folder: "M3 6h6l2 2.500h10v11H3z",
  on: "M9 5l7 7-7 7",
  sparks: "M9 7l1.500 4.500L15 13l-4.500 1.500L9 19l-1.500-4.500L3 13l4.500-1.500zM18 3l.8 2.200L21 6l-2.200.8L18 9l-.8-2.200L15 6l2.200-.8zM19 16v4M17 18h4",
});

/**
 * Let the pictures of these stages be zoomed and moved together: by wheel, fingers, drag, and the keys + - 0 1 and
 * arrows. Returns `zoom(factor)`, `fit()`, `real()` for 1:1, and `key(event)`, which tells whether it used a key.
 */
function zoomable(stages, changed = () => {}) {
  const view = { scale: 1, x: 0, y: 0 };
  const fingers = new Map();
  const image = (stage) => stage.querySelector("img");
  const fitted = (stage) => {
    const { naturalWidth: wide, naturalHeight: high } = image(stage);
    return wide ? Math.min(stage.clientWidth / wide, stage.clientHeight / high) : 1;
  };
  const apply = () => {
    for (const stage of stages) {
      image(stage).style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
      stage.classList.toggle("dn-zoomed", view.scale > 1);
    }
    changed(view.scale * fitted(stages[0]));
  };
  const hold = () => {
    const [stage] = stages;
    const size = fitted(stage) * view.scale;
    const most = (whole, room) => Math.max(0, (whole * size - room) / 2);
    const [x, y] = [most(image(stage).naturalWidth, stage.clientWidth), most(image(stage).naturalHeight, stage.clientHeight)];
    view.x = Math.max(-x, Math.min(x, view.x));
    view.y = Math.max(-y, Math.min(y, view.y));
    apply();
  };
  const zoom = (factor, x = 0, y = 0) => {
    const scale = Math.max(Math.min(1, 1 / fitted(stages[0])), Math.min(view.scale * factor, Math.max(8, 4 / fitted(stages[0]))));
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    hold();
  };
  const fit = () => (Object.assign(view, { scale: 1, x: 0, y: 0 }), apply());
  const real = () => zoom(1 / fitted(stages[0]) / view.scale);
  const move = (x, y) => ((view.x += x), (view.y += y), hold());
  const middle = (stage, event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  };
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  };

  for (const stage of stages) {
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY / 400), ...middle(stage, event));
    }, { passive: false });
    stage.addEventListener("dblclick", (event) => (view.scale > 1 ? fit() : zoom(1 / fitted(stage), ...middle(stage, event))));
    stage.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, middle(stage, event));
      stage.setPointerCapture(event.pointerId);
    });
    stage.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const apart = fingers.size === 2 ? spread() : 0;
      const now = middle(stage, event);
      fingers.set(event.pointerId, now);
      if (apart) zoom(spread() / apart, ...now);
      else move(now[0] - before[0], now[1] - before[1]);
    });
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
  const key = (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    const act = { "+": () => zoom(1.4), "=": () => zoom(1.4), "-": () => zoom(1 / 1.4), 0: fit, 1: real }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !(act || (step && view.scale > 1))) return false;
    act ? act() : move(...step);
    return true;
  };
  return { zoom, fit, real, key };
}

/** A dialog over the whole page: Escape closes it, Tab stays in it, and what had the focus has it again after. */
function openDialog(p, kind, title, ...children) {
  const heading = p.h("h2", {}, title);
  heading.id = `dn-title-${Math.random().toString(36).slice(2)}`;
  const tools = p.h("div", { class: "dn-row" });
  const close = p.button("close", "close", () => dialog.close(), { quiet: true });
  const head = p.h("header", { class: "dn-dialog-head" }, heading, tools, close);
  const dialog = p.h("dialog", { class: `dn-dialog ${kind}`, "aria-labelledby": heading.id }, head, children);
  const opener = document.activeElement;
  // Neither the notebook's shortcuts nor the grid behind it are meant by keys typed here.
  dialog.dataset.lmSuppressShortcuts = "true";
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (opener?.isConnected) opener.focus();
  });
  p.root.append(dialog);
  dialog.showModal();
  return { dialog, heading, tools };
}

/** Buttons that zoom, and how large the picture is shown now. */
function zoomButtons(p, glass) {
  return [
    p.button("minus", "zoom_out", () => glass().zoom(1 / 1.4), { quiet: true }),
    p.button("plus", "zoom_in", () => glass().zoom(1.4), { quiet: true }),
    p.button("fit", "zoom_fit", () => glass().fit(), { quiet: true }),
    p.h("button", { type: "button", class: "dn-button dn-bare dn-scale", words: { title: "zoom_real", "aria-label": "zoom_real" }, onclick: () => glass().real() }, "1:1"),
  ];
}

/**
 * Show pictures in large, beginning with `shown`. `look` gives `all()`, the pictures in order; `full(picture)`, a promise
 * of an address; `small(picture)`, the address of a thumbnail or nothing; `about(picture)` and `verbs(picture)`, nodes;
 * `remove(picture)` deletes it, `more()` loads more of them.
 * Returns `refresh()`, to be called when the pictures have changed.
 */
function openViewer(p, look, shown) {
  let [address, at] = [null, 0];
  const image = p.h("img", { draggable: "false" });
  const stage = p.h("div", { class: "dn-stage", tabindex: "0", role: "group", words: { "aria-label": "zoom_help" } }, image);
  const note = p.h("p", { class: "dn-stage-note", hidden: true });
  const scale = p.h("span", { class: "dn-muted dn-percent" });
  const side = p.h("aside", { class: "dn-viewer-side" });
  const before = p.button("back", "previous", () => step(-1), { quiet: true, class: "dn-step dn-step-back" });
  const after = p.button("on", "next", () => step(1), { quiet: true, class: "dn-step dn-step-on" });
  const body = p.h("div", { class: "dn-viewer-body" }, p.h("div", { class: "dn-viewer-main" }, stage, note, before, after), side);
  const { dialog, heading, tools } = openDialog(p, "dn-viewer", "", body);
  const glass = zoomable([stage], (size) => (scale.textContent = image.naturalWidth ? `${Math.round(size * 100)} %` : ""));
  tools.append(scale, ...zoomButtons(p, () => glass));

  const place = () => look.all().findIndex((each) => each.ref === shown.ref);
  const step = (by) => {
    const next = look.all()[place() + by];
    if (next) show(next);
  };
  const show = async (picture) => {
    shown = picture;
    refresh();
    glass.fit();
    const little = look.small(picture);
    image.classList.toggle("dn-soft", Boolean(little));
    image.src = little ?? "";
    image.hidden = !little;
    image.alt = picture.alt;
    note.hidden = true;
    try {
      const found = await look.full(picture);
      if (shown.ref !== picture.ref || !dialog.isConnected) return p.drop(found);
      p.drop(address);
      address = found;
      image.src = found;
      image.hidden = false;
      await image.decode().catch(() => {});
      image.classList.remove("dn-soft");
      glass.zoom(1); // whoever has zoomed already stays there
    } catch (trouble) {
      if (shown.ref !== picture.ref) return;
      note.textContent = trouble.message;
      note.hidden = false;
    }
  };
  const refresh = () => {
    const all = look.all();
    if (!all.length) return dialog.close();
    // The next one takes the place of one that was deleted.
    if (place() < 0) return show(all[Math.min(at, all.length - 1)]);
    at = place();
    shown = all[at];
    heading.textContent = `#${shown.ref}`;
    if (all.length - at < 5) look.more();
    before.disabled = at === 0;
    after.disabled = at === all.length - 1;
    // Verbs are made anew: the one that has the focus keeps it by its place.
    const kept = [...side.querySelectorAll("button")].indexOf(document.activeElement);
    side.replaceChildren(...look.about(shown), p.h("div", { class: "dn-viewer-verbs" }, look.verbs(shown)));
    side.querySelectorAll("button")[kept]?.focus();
  };
  dialog.addEventListener("keydown", (event) => {
    if (event.target.closest("[role=menu], input")) return;
    if (glass.key(event)) event.preventDefault();
    else if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
    else if (event.key === "Delete") look.remove(shown);
  });
  dialog.addEventListener("close", () => p.drop(address));
  show(shown);
  stage.focus();
  return { refresh, dialog };
}

/** Show pictures side by side under one zoom, and `rows` of what was asked otherwise: a name, and a text for each. */
function openComparison(p, pictures, full, rows) {
  const addresses = [];
  const sides = pictures.map((picture) => {
    const stage = p.h("div", { class: "dn-stage" }, p.h("img", { alt: picture.alt, draggable: "false" }));
    full(picture).then(
      (found) => (addresses.push(found), (stage.firstChild.src = found)),
      (trouble) => stage.append(p.h("p", { class: "dn-stage-note" }, trouble.message)),
    );
    return { stage, figure: p.h("figure", {}, stage, p.h("figcaption", {}, `#${picture.ref}`)) };
  });
  const line = ([name, ...values]) => p.h("tr", {}, p.h("th", { scope: "row" }, name), values.map((each) => p.h("td", {}, each)));
  const names = p.h("tr", {}, p.h("td", {}), pictures.map((each) => p.h("th", { scope: "col" }, `#${each.ref}`)));
  const table = rows.length
    ? p.h("table", { class: "dn-differences" }, p.h("thead", {}, names), p.h("tbody", {}, rows.map(line)))
    : p.h("p", { class: "dn-muted", word: "asked_alike" });
  const pair = p.h("div", { class: "dn-pair", tabindex: "0", role: "group", words: { "aria-label": "zoom_help" } }, sides.map((each) => each.figure));
  const { dialog, tools } = openDialog(p, "dn-comparison", p.word("comparison"), pair, p.h("div", { class: "dn-differ", tabindex: "0", role: "group", words: { "aria-label": "differences" } }, table));
  const glass = zoomable(sides.map((each) => each.stage));
  tools.append(...zoomButtons(p, () => glass));
  dialog.addEventListener("keydown", (event) => glass.key(event) && event.preventDefault());
  dialog.addEventListener("close", () => addresses.forEach((address) => p.drop(address)));
  pair.focus();
}
