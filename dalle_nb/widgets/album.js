// Pictures of Runs as a grid of tiles: loaded as one scrolls, opened, chosen and acted upon. Both the results and the
// history are albums; which Runs are in one, and what stands above it, they say themselves.

const PATIENCE = 20_000; // milliseconds before a kernel that does not answer is taken for gone
const KEPT = 300; // thumbnails in the browser's memory, beyond which those out of sight are dropped

/** Ask the kernel and wait for its answer: `ask(what, content)` is a promise of its content, buffers among it. */
function asker(p) {
  const open = new Map();
  const ask = (what, content = {}) =>
    new Promise((resolve, reject) => {
      const ticket = `${what} ${Math.random()}`;
      const give_up = () => (open.delete(ticket), reject(new Error(p.word("no_answer"))));
      const late = setTimeout(give_up, PATIENCE);
      open.set(ticket, { resolve, reject, late });
      if (!p.send(what, { ...content, ticket })) give_up();
    });
  const answer = (content, buffers) => {
    const asked = open.get(content.ticket);
    if (!asked) return; // another view of this widget asked
    clearTimeout(asked.late);
    open.delete(content.ticket);
    content.trouble ? asked.reject(new Error(content.trouble)) : asked.resolve({ ...content, buffers });
  };
  return { ask, answer };
}

/** Say something at the foot of the part for a while, with a button where something can be done about it. */
function toast(p, text, key, act) {
  const host = [...p.root.querySelectorAll("dialog[open]")].pop() ?? p.root;
  p.root.querySelectorAll(".dn-toast").forEach((each) => each.remove());
  const before = p.root.contains(document.activeElement) ? document.activeElement : null;
  const button = key && p.button("undo", key, () => (note.remove(), before?.isConnected && before.focus(), act()), { class: "dn-toast-act" });
  const note = p.h("div", { class: "dn-toast", role: "status" }, p.h("span", {}, text), button);
  host.append(note);
  p.announce(text);
  const leave = () => (note.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : note.remove());
  setTimeout(leave, 8000);
}

/** Open a menu of `[icon, key, act]` below the button that was pressed. */
function openMenu(p, opener, entries) {
  const choose = (act) => (menu.hidePopover(), opener.focus(), act());
  const items = entries.map(([name, key, act]) =>
    p.h("button", { type: "button", role: "menuitem", tabindex: "-1", class: "dn-menu-item", onclick: () => choose(act) }, icon(name), p.h("span", { word: key })),
  );
  const menu = p.h("div", { class: "dn-menu", role: "menu", popover: "auto", words: { "aria-label": "more" } }, items);
  menu.addEventListener("keydown", (event) => {
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
    event.stopPropagation();
    if (event.key === "Tab") menu.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    items[to % items.length].focus();
  });
  menu.addEventListener("toggle", (event) => {
    opener.setAttribute("aria-expanded", event.newState === "open");
    if (event.newState === "closed") menu.remove();
  });
  (opener.closest("dialog") ?? p.root).append(menu);
  menu.showPopover();
  const [box, size] = [opener.getBoundingClientRect(), menu.getBoundingClientRect()];
  const below = box.bottom + 4 + size.height < innerHeight ? box.bottom + 4 : Math.max(8, box.top - 4 - size.height);
  menu.style.top = `${below}px`;
  menu.style.left = `${Math.max(8, Math.min(box.right - size.width, innerWidth - size.width - 8))}px`;
  items[0].focus();
}

/**
 * An album. `each` gives the tiles of a Run: a list of its pictures, or one null for a tile without; `asked` what of the
 * history is meant; `verbs(run, ref)` what stands under a tile; `empty` the node to show where there is nothing.
 * Returns `node`; `put(runs)` takes Runs in, or out where they do not belong; `reload()`; `hear`, handlers of messages.
 */
function album(p, { each, asked = () => ({}), counted = () => {}, bar = () => [], tileVerbs = () => [], empty }) {
  const { ask, answer } = asker(p);
  const runs = new Map();
  const tiles = new Map();
  const chosen = new Set();
  const taken = new Set(); // Runs that were here, and can come back
  const grid = p.h("ul", { class: "dn-grid", role: "list", words: { "aria-label": "pictures" } });
  const foot = p.h("div", { class: "dn-foot" });
  const picked = p.h("div", { class: "dn-row dn-picked", role: "toolbar", words: { "aria-label": "chosen_bar" }, hidden: true });
  const scroller = p.h("div", { class: "dn-scroller" }, grid, empty, foot);
  const node = p.h("div", { class: "dn-album" }, picked, scroller);
  let [more, loading, viewer, round, oldest] = [false, false, null, 0, Infinity];

  const refOf = (run, picture) => picture?.ref ?? String(run.id);
  const pictureOf = (run, picture) => ({ ...picture, run });
  const shown = () => [...runs.values()].sort((a, b) => b.id - a.id);
  const pictures = () => shown().flatMap((run) => run.pictures.map((picture) => pictureOf(run, picture)));
  const inTrash = () => Boolean(asked().trash);

  // Thumbnails: those near the view are asked for, together, and come small first and sharp after.
  const look = debounce(() => {
    const names = [...tiles.values()].filter((tile) => tile.near && tile.picture && !tile.sharp).map((tile) => tile.picture.name);
    if (names.length) p.send("look", { names: [...new Set(names)].slice(0, 200) });
  }, 60);
  const nearby = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const tile = tiles.get(target.dataset.key);
      if (!tile) continue;
      tile.near = isIntersecting;
      if (!isIntersecting && tiles.size > KEPT) forget(tile);
    }
    look();
  }, { root: scroller, rootMargin: "500px 0px" });
  const forget = (tile) => {
    p.drop(tile.address);
    Object.assign(tile, { address: null, sharp: false });
    tile.image?.removeAttribute("src");
  };
  const glimpse = ({ names, sharp, gone }, buffers) => {
    for (const tile of tiles.values()) {
      const at = tile.picture ? names.indexOf(tile.picture.name) : -1;
      if (tile.picture && gone.includes(tile.picture.name) && tile.image.isConnected)
        tile.image.replaceWith(p.h("span", { class: "dn-tile-why" }, icon("alert"), p.h("span", { word: "gone" })));
      if (at < 0 || !tile.near || tile.sharp) continue;
      p.drop(tile.address);
      Object.assign(tile, { address: p.picture(buffers[at], ""), sharp });
      tile.image.src = tile.address;
    }
  };

  // Tiles.
  const star = (run) => p.send("star", { ids: [run.id], on: !run.starred });
  const remove = (those) => p.send("delete", { ids: those.map((run) => run.id) });
  const verbsOf = (run, ref) => {
    // What is drawn may be paid for: once for a double click.
    const send = (what, content) => (event) => event?.detail > 1 || p.send(what, content);
    if (run.deleted) return [["undo", "restore", send("restore", { ids: [run.id] })], ["trash", "purge", () => purge([run])]];
    const drawn = [
      ["spark", "vary_subtle", send("vary", { ref, strength: "subtle" })],
      ["sparks", "vary_strong", send("vary", { ref, strength: "strong" })],
      ["brush", "edit", send("edit", { ref })],
      ["download", "download", send("download", { ref })],
      ["folder", "save", send("save", { ref })],
    ];
    return [
      ...(run.pictures.length ? drawn.slice(0, 3) : []),
      ["repeat", "rerun", send("rerun", { id: run.id })],
      ["sliders", "use", send("use", { id: run.id })],
      ...(run.pictures.length ? drawn.slice(3) : []),
      ["copy", "copy_cell", send("code", { id: run.id })],
      ["star", run.starred ? "unstar" : "star", () => star(run)],
      ["trash", "delete", () => remove([run])],
    ];
  };
  const purge = (those) => {
    const names = those.length === 1 ? `#${those[0].id}` : those.length ? p.word("total", { count: those.length }) : p.word("all_trash");
    confirmed(p, p.word("purge_sure", { names }), "purge", () => p.send("purge", { ids: those.map((run) => run.id) }));
  };
  const place = (tile) => {
    const rest = [...grid.children];
    const after = (other) => tiles.get(other.dataset.key).run.id < tile.run.id || (tiles.get(other.dataset.key).run.id === tile.run.id && tiles.get(other.dataset.key).rank > tile.rank);
    const last = rest.at(-1);
    grid.insertBefore(tile.node, last && after(last) ? rest.find(after) : null);
  };
  const face = (run, picture) =>
    picture
      ? p.h("img", { alt: picture.alt, draggable: "false", loading: "lazy" })
      : p.h("span", { class: "dn-tile-why" }, icon({ asked: "spark", refused: "stop" }[run.status] ?? "alert"), p.h("strong", { word: `status_${run.status}` }), p.h("span", {}, run.why));
  const addTile = (run, picture, rank) => {
    const ref = refOf(run, picture);
    const image = face(run, picture);
    const act = (event) => {
      const tile = tiles.get(ref);
      if (chosen.size && event.detail) pick(tile, !chosen.has(ref)); // a click while some are chosen chooses; Enter opens
      else if (picture) open(tile);
      else openMenu(p, event.currentTarget, verbsOf(tile.run, ref));
    };
    const door = p.h("button", { type: "button", class: "dn-tile-open", tabindex: "-1", onclick: act }, image);
    const box = p.h("input", { type: "checkbox", tabindex: "-1", onchange: () => pick(tiles.get(ref), box.checked) });
    const tile = {
      ref, run, picture, rank, door, box, near: false, sharp: false, address: null,
      image: picture ? image : null,
      mark: p.button("star", "star", () => star(tiles.get(ref).run), { quiet: true, class: "dn-tile-star", tabindex: "-1" }),
      caption: p.h("div", { class: "dn-tile-caption" }),
    };
    const count = picture && each(run).length === 1 && run.pictures.length > 1 && p.h("span", { class: "dn-tile-count" }, `${run.pictures.length}`);
    const choose = p.h("label", { class: "dn-tile-pick" }, box);
    const menu = p.button("more", "more", (event) => openMenu(p, event.currentTarget, verbsOf(tiles.get(ref).run, ref)), { quiet: true, tabindex: "-1", "aria-haspopup": "menu" });
    const verbs = p.h("div", { class: "dn-tile-verbs" }, tileVerbs(verbsOf(run, ref)).map(([name, key, go]) => p.button(name, key, go, { quiet: true, tabindex: "-1" })), menu);
    tile.node = p.h("li", { class: "dn-tile", "data-key": ref }, p.h("div", { class: "dn-tile-face" }, door, count, choose, tile.mark), p.h("div", { class: "dn-tile-foot" }, tile.caption, verbs));
    tiles.set(ref, tile);
    dress(tile);
    place(tile);
    nearby.observe(tile.node);
  };
  const dress = (tile) => {
    const { run, ref, picture } = tile;
    p.say(tile.door, picture ? "open_picture" : "open_run", { ref, alt: picture?.alt || run.prompt, why: run.why }, "aria-label");
    p.say(tile.box, "choose", { ref }, "aria-label");
    for (const target of ["aria-label", "title"]) p.say(tile.mark, run.starred ? "unstar" : "star", {}, target);
    tile.node.classList.toggle("dn-starred", run.starred);
    tile.caption.replaceChildren(p.h("span", { class: "dn-tile-prompt" }, run.prompt), p.h("span", { class: "dn-tile-facts" }, run.brief));
  };
  const dropTile = (ref) => {
    const tile = tiles.get(ref);
    const next = tile.node.contains(document.activeElement) && (tile.node.nextSibling ?? tile.node.previousSibling);
    nearby.unobserve(tile.node);
    forget(tile);
    tile.node.remove();
    tiles.delete(ref);
    chosen.delete(ref);
    if (next) focus(next);
  };

  // Runs come and go.
  const put = (list) => {
    for (const run of list) {
      const known = runs.get(run.id);
      if (run.deleted !== inTrash() || !each(run).length) {
        if (known) takeOut(run.id), taken.add(run.id);
        continue;
      }
      runs.set(run.id, run);
      const wanted = each(run).map((picture) => refOf(run, picture));
      // What a Run without pictures says of itself may be another thing by now, or a picture.
      for (const [ref, tile] of tiles) if (tile.run.id === run.id && (!wanted.includes(ref) || (!tile.picture && tile.run.status !== run.status))) dropTile(ref);
      each(run).forEach((picture, rank) => {
        const tile = tiles.get(wanted[rank]);
        if (tile) dress(Object.assign(tile, { run }));
        else addTile(run, picture, rank);
      });
    }
    settle();
  };
  const takeOut = (id) => {
    runs.delete(id);
    for (const [ref, tile] of tiles) if (tile.run.id === id) dropTile(ref);
  };
  const settle = () => {
    if (!grid.querySelector("[tabindex='0']")) current(grid.firstElementChild);
    empty.hidden = loading || runs.size > 0;
    showChosen();
    viewer?.refresh();
  };
  const fetch = async (before) => {
    const mine = before ? round : ++round;
    loading = true;
    try {
      const page = await ask("page", { asked: asked(), before });
      if (mine !== round) return; // the question has changed meanwhile
      if (before === null) {
        const last = page.more ? page.runs.at(-1).id : 0;
        const here = new Set(page.runs.map((run) => run.id));
        for (const id of [...runs.keys()]) if (id > last && !here.has(id)) takeOut(id);
        counted(page);
      }
      more = before === null && runs.size > page.runs.length ? more : page.more;
      oldest = Math.min(oldest, page.runs.at(-1)?.id ?? 0);
      loading = false;
      put(page.runs);
      foot.replaceChildren();
    } catch (trouble) {
      loading = false;
      foot.replaceChildren(p.h("p", { class: "dn-muted" }, trouble.message), p.button("repeat", "try_again", () => fetch(before)));
      settle();
    }
    if (more) ending.observe(foot); // it may still be in view
  };
  const ending = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    ending.unobserve(foot);
    onward();
  }, { root: scroller, rootMargin: "800px 0px" });
  const onward = () => more && !loading && fetch(oldest);
  const reload = () => fetch(null);
  const restart = () => {
    for (const id of [...runs.keys()]) takeOut(id);
    [more, oldest] = [false, Infinity];
    taken.clear();
    scroller.scrollTop = 0;
    return reload();
  };

  // One tile is in the order of Tab; arrows go to the others.
  const current = (node) => {
    if (!node) return;
    grid.querySelectorAll("[tabindex='0']").forEach((each) => (each.tabIndex = -1));
    node.querySelectorAll("button, input").forEach((each) => (each.tabIndex = 0));
  };
  const focus = (node) => (current(node), node.querySelector(".dn-tile-open").focus());
  grid.addEventListener("focusin", (event) => current(event.target.closest(".dn-tile")));
  grid.addEventListener("keydown", (event) => {
    const here = event.target.closest(".dn-tile");
    if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = [...grid.children];
    const across = all.findIndex((node) => node.offsetTop > all[0].offsetTop);
    const row = across < 0 ? all.length : across;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Delete") del(tiles.get(here.dataset.key).run);
    else if (step === undefined) return;
    else focus(all[Math.max(0, Math.min(all.length - 1, all.indexOf(here) + step))]);
    event.preventDefault();
  });
  const del = (run) => (run.deleted ? purge([run]) : remove([run]));

  // Choosing several.
  const pick = (tile, on) => {
    on ? chosen.add(tile.ref) : chosen.delete(tile.ref);
    tile.box.checked = on;
    tile.node.classList.toggle("dn-chosen", on);
    showChosen();
  };
  const chosenRuns = () => [...new Set([...chosen].map((ref) => tiles.get(ref).run))];
  const clear = () => [...chosen].forEach((ref) => pick(tiles.get(ref), false));
  const compare = async () => {
    const pair = [...chosen].map((ref) => tiles.get(ref)).filter((tile) => tile.picture).map((tile) => pictureOf(tile.run, tile.picture));
    try {
      const { rows } = await ask("compare", { refs: pair.map((each) => each.ref) });
      openComparison(p, pair, full, rows);
    } catch (trouble) {
      toast(p, trouble.message);
    }
  };
  const showChosen = () => {
    const kept = [...picked.querySelectorAll("button")].indexOf(document.activeElement);
    node.classList.toggle("dn-choosing", chosen.size > 0);
    picked.hidden = chosen.size === 0;
    if (!chosen.size) return;
    const both = p.button("compare", "compare", compare);
    both.disabled = chosen.size !== 2;
    const verbs = inTrash()
      ? [p.button("undo", "restore", () => p.send("restore", { ids: chosenRuns().map((run) => run.id) })), p.button("trash", "purge", () => purge(chosenRuns()), { class: "dn-danger" })]
      : [both, ...bar(chosenRuns), p.button("trash", "delete", () => remove(chosenRuns()), { class: "dn-danger" })];
    picked.replaceChildren(p.h("strong", {}, p.word("chosen", { count: chosen.size })), ...verbs, p.button("close", "clear", clear));
    picked.querySelectorAll("button")[kept]?.focus();
  };

  // Large.
  const full = async ({ ref }) => {
    const { buffers, media_type } = await ask("full", { ref });
    return p.picture(buffers[0], media_type);
  };
  const about = ({ run, alt }) => [
    p.h("p", { class: "dn-viewer-prompt" }, run.prompt || alt),
    p.h("p", { class: "dn-muted" }, run.facts),
    p.h("p", { class: "dn-muted" }, p.h("time", { datetime: run.when }, new Date(run.when).toLocaleString(p.root.lang))),
    run.tags.length ? p.h("p", { class: "dn-row" }, run.tags.map((tag) => p.h("span", { class: "dn-tag" }, `#${tag}`))) : "",
  ];
  const open = (tile) => {
    viewer = openViewer(p, {
      all: pictures,
      full,
      about,
      small: ({ ref, run }) => (tiles.get(ref) ?? tiles.get(String(run.id)))?.address ?? null,
      // Where the words of a verb go on in the form or in another tab, the large picture is no longer in the way.
      verbs: ({ run, ref }) => verbsOf(run, ref).map(([name, key, act]) => p.button(name, key, (event) => (LEAVING.has(key) && viewer.dialog.close(), act(event)))),
      remove: ({ run }) => del(run),
      more: onward,
    }, pictureOf(tile.run, tile.picture));
    viewer.dialog.addEventListener("close", () => (viewer = null));
  };

  // Another panel, or a cell, may have drawn or deleted meanwhile.
  let fresh = Date.now();
  const refresh = () => {
    if (Date.now() - fresh < 5000) return;
    fresh = Date.now();
    reload();
  };
  p.root.addEventListener("focusin", refresh);
  p.root.addEventListener("pointerenter", refresh);
  p.root.dataset.lmSuppressShortcuts = "true"; // arrows and Delete are the grid's here, not the notebook's

  const hear = {
    answer,
    glimpse,
    changed({ runs: list }) {
      const ours = list.filter((run) => runs.has(run.id) || taken.has(run.id));
      if (list.some((run) => !ours.includes(run) && run.deleted === inTrash())) reload(); // it may belong here, or not
      put(ours);
    },
    stale: () => reload(),
    trashed: ({ ids, text }) => toast(p, text, "undo", () => p.send("restore", { ids })),
    said: ({ text }) => toast(p, text),
    trouble: ({ what, fix }) => toast(p, [what, fix].filter(Boolean).join(" ")),
    async code({ text }) {
      const how = await copyAsCell(text, p.root);
      toast(p, p.word({ cell: "cell_made", copied: "cell_copied" }[how] ?? "cell_failed"));
    },
    file({ name, media_type }, buffers) {
      const address = p.picture(buffers[0], media_type);
      p.h("a", { href: address, download: name }).click();
      setTimeout(() => p.drop(address), 10_000);
    },
  };
  const close = () => (nearby.disconnect(), ending.disconnect());
  return { node, grid, put, reload, restart, hear, purge, close };
}

const LEAVING = new Set(["edit", "use", "copy_cell"]);

/** Ask whether it is really meant, and act if it is. */
function confirmed(p, text, key, act) {
  const go = p.button("trash", key, () => (dialog.close(), act()), { class: "dn-danger" });
  const { dialog } = openDialog(p, "dn-ask", text, p.h("div", { class: "dn-row" }, p.button(null, "keep", () => dialog.close()), go));
  go.previousSibling.focus();
}
