// The history: search and filters above an album of Runs.

function render({ model, el }) {
  const p = part(model, el, "dn-shelf");
  const state = { text: "", trash: false, starred: false, kind: "", model: "", status: "", tag: "", since: "", until: "" };
  const asked = () => ({ ...state });
  const again = debounce(() => shelf.restart(), 200);
  const change = (name, value) => ((state[name] = value), showState(), again());

  const search = p.h("input", {
    type: "search", class: "dn-field", words: { placeholder: "search", "aria-label": "search" }, oninput: () => change("text", search.value),
  });
  const choices = {};
  const choice = (name) => {
    const select = p.h("select", { class: "dn-field", onchange: () => change(name, select.value) });
    choices[name] = select;
    return p.h("label", { class: "dn-label" }, p.h("span", { word: name }), select);
  };
  const day = (name) => {
    const input = p.h("input", { type: "date", class: "dn-field", onchange: () => change(name, input.value) });
    choices[name] = input;
    return p.h("label", { class: "dn-label" }, p.h("span", { word: name }), input);
  };
  const offer = (name, values, word) => {
    const select = choices[name];
    const told = JSON.stringify(values);
    if (select.dataset.offered === told) return; // a list that is open stays open
    select.dataset.offered = told;
    select.replaceChildren(p.h("option", { value: "", word: "any" }), ...values.map((value) => p.h("option", word ? { value, word: word(value) } : { value }, word ? null : value)));
    if (state[name] && !values.includes(state[name])) select.append(p.h("option", { value: state[name] }, state[name]));
    select.value = state[name];
  };
  const toggle = (name, key, press) => p.h("button", { type: "button", class: "dn-chip", "aria-pressed": "false", onclick: press }, icon(name), p.h("span", { word: key }));
  const starred = toggle("star", "starred", () => change("starred", !state.starred));
  const trash = toggle("trash", "trash", () => change("trash", !state.trash));
  const more = toggle("sliders", "filters", () => (panel.hidden = !panel.hidden, showState()));
  const panel = p.h("div", { class: "dn-filters", hidden: true }, choice("kind"), choice("model"), choice("status"), choice("tag"), day("since"), day("until"));
  const purge = p.button("trash", "purge_all", () => shelf.purge([]), { class: "dn-danger", hidden: true });
  const out = p.button("upload", "export", () => openMenu(p, out, exports(() => [])), { "aria-haspopup": "menu" });
  const figures = p.h("p", { class: "dn-muted dn-figures", role: "status" });
  const reset = p.button("repeat", "reset", () => {
    Object.assign(state, { text: "", trash: false, starred: false, kind: "", model: "", status: "", tag: "", since: "", until: "" });
    search.value = "";
    Object.values(choices).forEach((each) => (each.value = ""));
    showState();
    again();
  });
  const empty = p.h("div", { class: "dn-empty", hidden: true }, icon("search"), p.h("strong", { word: "nothing" }), reset);

  const exports = (those) => ["bundle", "csv", "folder"].map((form) => ["download", form, () => p.send("export", { form, ids: those().map((run) => run.id), asked: asked() })]);
  const bar = (those) => {
    const send = p.button("upload", "export", () => openMenu(p, send, exports(those)), { "aria-haspopup": "menu" });
    return [p.button("star", "star", () => p.send("star", { ids: those().map((run) => run.id), on: true })), send];
  };
  const counted = ({ total, spent, models, tags }) => {
    figures.textContent = `${p.word("total", { count: total.toLocaleString(p.root.lang) })} · ${p.word("spent", { amount: spent })}`;
    offer("model", models);
    offer("tag", tags);
    purge.hidden = !state.trash || !total;
    out.hidden = state.trash || !total;
  };
  const shelf = album(p, { each: (run) => (run.pictures.length ? [run.pictures[0]] : [null]), asked, counted, bar, empty });

  const showState = () => {
    const set = ["kind", "model", "status", "tag", "since", "until"].filter((name) => state[name]).length;
    starred.setAttribute("aria-pressed", state.starred);
    trash.setAttribute("aria-pressed", state.trash);
    more.setAttribute("aria-pressed", set > 0);
    more.setAttribute("aria-expanded", !panel.hidden);
    reset.hidden = !(set || state.text || state.starred || state.trash);
  };
  p.root.append(
    p.h("h2", { class: "dn-unseen", word: "history" }),
    p.h("div", { class: "dn-shelf-head" }, p.h("div", { class: "dn-search" }, icon("search"), search), p.h("div", { class: "dn-row" }, starred, trash, more)),
    panel,
    p.h("div", { class: "dn-row dn-shelf-line" }, figures, out, purge),
    shelf.node,
  );
  offer("kind", ["generate", "edit", "variation"], (kind) => `kind_${kind}`);
  offer("status", ["done", "partial", "refused", "failed", "interrupted"], (status) => `status_${status}`);
  showState();
  p.hear(shelf.hear);
  model.on("change:words", () => shelf.reload());
  shelf.reload();
  return () => (shelf.close(), p.close());
}

export default { render };
