// Drawings under way as cards, above the gallery of what was drawn.

function render({ model, el }) {
  const p = part(model, el, "dn-results");
  const cards = new Map();
  const list = p.h("ul", { class: "dn-tasks", role: "list", words: { "aria-label": "tasks" }, hidden: true });
  const empty = p.h("div", { class: "dn-empty", hidden: true }, icon("image"), p.h("strong", { word: "nothing" }), p.h("span", { class: "dn-muted", word: "nothing_hint" }));
  const gallery = album(p, { each: (run) => run.pictures, tileVerbs: (verbs) => verbs.filter(([, key]) => SHOWN.has(key)), empty });
  p.root.append(p.h("h2", { class: "dn-unseen", word: "results" }), list, gallery.node);

  const newCard = (number) => {
    const note = p.h("p", { class: "dn-muted dn-task-note" });
    const bar = p.h("progress", { max: 1 });
    const picture = p.h("div", { class: "dn-task-picture" });
    const prompt = p.h("p", { class: "dn-task-prompt" });
    const what = p.h("p", { class: "dn-task-what", hidden: true });
    const acts = p.h("div", { class: "dn-row dn-task-acts" });
    const node = p.h("li", { class: "dn-task dn-card" }, picture, p.h("div", { class: "dn-task-text" }, prompt, note, bar, what, acts));
    list.append(node);
    return { number, node, note, bar, picture, prompt, what, acts, images: new Map(), seconds: 0, state: "" };
  };
  const act = (card, name, key, what, more) => p.button(name, key, () => p.send(what, { number: card.number }), more);
  const dress = (card, task) => {
    const failed = task.state === "failed";
    const said = { waiting: ["waiting", { place: task.place }], drawing: [task.stopping ? "stopping" : "drawing", { seconds: card.seconds }] }[task.state];
    card.prompt.textContent = task.prompt;
    card.facts = task.facts;
    card.steps = task.steps;
    if (said) note(card, ...said);
    card.note.hidden = failed;
    card.bar.hidden = task.state !== "drawing";
    card.bar.setAttribute("aria-label", p.word("progress", { prompt: task.prompt }));
    card.what.hidden = !failed;
    card.what.replaceChildren(p.h("strong", {}, task.what), p.h("span", {}, task.fix));
    card.node.classList.toggle("dn-failed", failed);
    card.node.classList.toggle("dn-drawing", task.state === "drawing");
    if (failed && !card.images.size) card.picture.replaceChildren(icon("alert"));
    const state = [task.state, task.stopping, ...task.repairs, p.root.lang].join();
    if (state === card.state) return;
    card.state = state;
    const had = card.acts.contains(document.activeElement);
    card.acts.replaceChildren(...(failed ? failedActs(card, task) : [act(card, "stop", task.stopping ? "abandon" : "cancel", "cancel")]));
    if (had) card.acts.firstChild.focus();
  };
  const failedActs = (card, task) => [
    task.repairs.map((label, fix) => p.h("button", { type: "button", class: "dn-button dn-fix", onclick: () => p.send("again", { number: card.number, fix }) }, icon("check"), p.h("span", {}, label))),
    !task.repairs.length && task.again && act(card, "repeat", "again", "again"),
    act(card, "edit", "change", "change"),
    act(card, "close", "dismiss", "dismiss", { quiet: true }),
  ].flat().filter(Boolean);
  const note = (card, key, fields) => (card.note.textContent = [p.word(key, fields), card.facts].filter(Boolean).join(" · "));
  const take = (card) => {
    const had = card.node.contains(document.activeElement);
    card.images.forEach((image) => p.drop(image.src));
    card.node.remove();
    cards.delete(card.number);
    if (had) (list.querySelector("button") ?? gallery.grid.querySelector(".dn-tile-open"))?.focus();
  };

  p.hear({
    ...gallery.hear,
    tasks({ tasks }) {
      const here = new Set(tasks.map((task) => task.number));
      for (const card of [...cards.values()]) if (!here.has(card.number)) take(card);
      for (const task of tasks) {
        if (!cards.has(task.number)) cards.set(task.number, newCard(task.number));
        dress(cards.get(task.number), task);
      }
      list.hidden = !tasks.length;
      empty.classList.toggle("dn-busy", tasks.length > 0);
    },
    waited({ number, seconds }) {
      const card = cards.get(number);
      if (!card) return;
      card.seconds = seconds;
      if (!card.told) note(card, "drawing", { seconds });
    },
    told({ number, text }) {
      const card = cards.get(number);
      if (card) card.note.textContent = card.told = text;
    },
    preview({ number, index }, [bytes]) {
      const card = cards.get(number);
      if (!card) return;
      const image = card.images.get(index) ?? p.h("img", { alt: p.word("so_far", { prompt: card.prompt.textContent }) });
      if (!card.images.size) card.picture.replaceChildren();
      p.drop(image.src);
      image.src = p.picture(bytes, "");
      card.images.set(index, image);
      card.picture.append(image);
      card.seen = (card.seen ?? 0) + 1;
      if (card.steps) card.bar.value = Math.min(1, card.seen / (card.steps + 1));
    },
    ended({ state, what, run }) {
      if (run) gallery.put([run]);
      if (state === "cancelled") toast(p, p.word(run ? "cancelled_kept" : "cancelled"));
      else if (state === "failed") p.announce(p.word("failed", { what }));
      else if (run) p.announce(run.pictures.length > 1 ? p.word("ready_all", { ref: run.id, count: run.pictures.length }) : p.word("ready", { ref: run.pictures[0].ref }));
    },
  });
  model.on("change:words", () => (p.send("open"), gallery.reload()));
  p.send("open");
  gallery.reload();
  return () => (gallery.close(), p.close());
}

const SHOWN = new Set(["vary_subtle", "vary_strong", "edit", "rerun"]);

export default { render };
