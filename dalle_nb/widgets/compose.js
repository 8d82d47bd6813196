// The form. What is typed is sent to Python, which answers with what it would be, cost, and lack.

const MOST_BYTES = 9 * 1024 * 1024; // a larger message never arrives, and nobody is told
const SHAPES = { square: "M6 6h12v12H6z", landscape: "M3.5 7.5h17v9h-17z", portrait: "M7.5 3.5h9v17h-9z" };
const PARTS = ["subject", "action", "environment", "style", "technical"];

function render({ model, el }) {
  const page = part(model, el, "dn-compose");
  const { h, id, root, word, say, button, announce, send, hear, picture, drop } = page;
  const form = { prompt: "", model: "", options: {}, verb: "edit" };
  const seen = { offer: "", composed: "", cell: "", thumbnails: [] };

  const soon = debounce(() => send("form", form), 250);
  const changed = () => {
    stopped.hidden = asked.hidden = true;
    soon();
  };
  const set = (name, value) => {
    if (value === "" || value === null || value === undefined) delete form.options[name];
    else form.options[name] = value;
    showSize();
    changed();
  };

  // --- the prompt -----------------------------------------------------------------------------------------
  const prompt = h("textarea", {
    class: "dn-field dn-prompt", rows: 4, spellcheck: "true", id: id("prompt"),
    words: { placeholder: "hint", "aria-label": "prompt" },
    oninput: () => write(prompt.value),
  });
  function write(text) {
    form.prompt = text;
    if (prompt.value !== text) prompt.value = text;
    prompt.style.height = "auto";
    prompt.style.height = `${Math.min(prompt.scrollHeight + 2, 320)}px`;
    pressChips();
    changed();
  }

  // --- input pictures -------------------------------------------------------------------------------------
  const files = h("input", { type: "file", accept: "image/*", multiple: true, hidden: true, onchange: () => upload(files.files) });
  const strip = h("ul", { class: "dn-inputs", hidden: true });
  const verb = h("div", { class: "dn-segments", role: "radiogroup", words: { "aria-label": "picture" } },
    ["edit", "subtle", "strong"].map((key) => h("button", {
      type: "button", role: "radio", class: "dn-segment", word: key, "data-verb": key,
      onclick: () => { form.verb = key; showVerb(); changed(); },
    })));
  const paint = button("brush", "mask", () => send("mask"), { class: "dn-small" });
  const unpaint = button("close", "unmask", () => send("mask", { clear: true }), { class: "dn-small" });
  const masked = h("span", { class: "dn-muted", word: "masked" });
  const pictures = h("div", { class: "dn-pictures", hidden: true }, strip, verb, h("div", { class: "dn-row" }, paint, masked, unpaint));

  async function upload(list) {
    const given = [...list];
    files.value = "";
    for (const file of given) {
      if (file.size > MOST_BYTES) {
        const fields = { name: file.name, size: (file.size / 2 ** 20).toFixed(0) };
        return trouble({ what: word("too_big", fields), fix: word("too_big_fix") });
      }
    }
    stopped.hidden = true;
    // One message each: together they might be more than one may carry.
    for (const file of given) send("upload", { names: [file.name] }, [await file.arrayBuffer()]);
  }
  function showInputs(inputs, buffers, isMasked) {
    seen.thumbnails.splice(0).forEach(drop);
    strip.replaceChildren(...inputs.map((input, place) => {
      const address = picture(buffers[place]);
      seen.thumbnails.push(address);
      const remove = button("close", "remove", () => send("remove", { place }), { quiet: true, class: "dn-remove" });
      for (const target of ["aria-label", "title"]) say(remove, "remove", { name: input.name }, target);
      return h("li", {}, h("img", { src: address, alt: input.name, title: `${input.name} · ${input.size}` }), remove);
    }));
    strip.hidden = pictures.hidden = !inputs.length;
    verb.hidden = inputs.length !== 1;
    masked.hidden = unpaint.hidden = !isMasked;
    seen.masked = isMasked;
    seen.inputs = inputs.length;
    showVerb();
  }
  function showVerb() {
    for (const each of verb.children) {
      const on = each.dataset.verb === form.verb;
      each.setAttribute("aria-checked", on);
      each.tabIndex = on ? 0 : -1;
    }
    paint.hidden = seen.masked || (seen.inputs === 1 && form.verb !== "edit");
  }

  // --- size -----------------------------------------------------------------------------------------------
  const sizes = h("div", { class: "dn-segments", role: "radiogroup", words: { "aria-label": "size" } },
    Object.entries(SHAPES).map(([key, path]) => h("button", {
      type: "button", role: "radio", class: "dn-segment", "data-size": key,
      onclick: () => set("size", form.options.size === key ? "" : key),
    }, icon(path), h("span", { word: key }))));
  const otherSize = h("span", { class: "dn-muted dn-other-size" });
  function showSize() {
    // What is drawn when nobody says; an edit takes after its picture.
    const usual = seen.offered?.fields.find((each) => each.name === "size")?.default;
    const size = form.options.size ?? (usual || (seen.inputs ? "" : "square"));
    for (const each of sizes.children) {
      const on = each.dataset.size === size;
      each.setAttribute("aria-checked", on);
      each.tabIndex = on || (!(size in SHAPES) && each.dataset.size === "square") ? 0 : -1;
    }
    otherSize.textContent = size in SHAPES ? "" : size;
  }
  for (const group of [sizes, verb]) group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...group.children], next = all[(all.indexOf(event.target) + step + all.length) % all.length];
    next.focus();
    if (next.getAttribute("aria-checked") !== "true") next.click();
  });

  // --- generate -------------------------------------------------------------------------------------------
  const price = h("span", { class: "dn-price", "aria-live": "polite" });
  const budget = h("span", { class: "dn-muted" });
  const generateWord = h("span", { word: "generate" });
  const go = h("button", { type: "button", class: "dn-button dn-primary dn-generate", title: "Ctrl/⌘ + Enter",
    onclick: (event) => event.detail > 1 || generate() }, // the second half of a double click is not paid for
    icon("spark"), generateWord);
  function generate(yes = false) {
    go.classList.add("dn-busy");
    say(generateWord, "asking");
    stopped.hidden = asked.hidden = true;
    // A page whose kernel is gone must not ask for ever.
    clearTimeout(seen.patience);
    seen.patience = setTimeout(settle, 8000);
    if (!send("generate", { ...form, yes })) {
      settle();
      trouble({ what: word("no_kernel"), fix: "" });
    }
  }
  function settle(key = "generate") {
    clearTimeout(seen.patience);
    go.classList.remove("dn-busy");
    say(generateWord, key);
    if (key !== "generate") setTimeout(() => say(generateWord, "generate"), 1200);
  }
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation(); // or JupyterLab runs the cell
    if (!event.repeat) generate();
  });

  // --- what Python says -----------------------------------------------------------------------------------
  const lint = h("details", { class: "dn-lint dn-muted", hidden: true });
  const notes = h("ul", { class: "dn-notes dn-muted" });
  const verdictTrouble = h("div", { class: "dn-note dn-trouble", hidden: true });
  const stopped = h("div", { class: "dn-note dn-trouble", role: "alert", hidden: true });
  const asked = h("div", { class: "dn-note dn-confirm", role: "alert", hidden: true });
  function fillTrouble(box, { what, fix, fixes = [] }) {
    const press = ({ label, options }) => h("button", { type: "button", class: "dn-button dn-small", onclick: () => apply(options) }, label);
    box.replaceChildren(icon("alert"), h("div", {}, h("strong", {}, what), h("p", {}, fix),
      fixes.length ? h("div", { class: "dn-row" }, fixes.map(press)) : null));
    box.hidden = false;
  }
  function trouble(said) {
    settle();
    fillTrouble(stopped, said);
  }
  function apply(options) {
    for (const [name, value] of Object.entries(options)) {
      if (name === "model") form.model = value ?? "";
      else if (value === null) delete form.options[name];
      else form.options[name] = value;
    }
    showFields();
    changed();
    go.focus();
  }
  hear({
    form(content) {
      Object.assign(form, { model: content.model, options: content.options, verb: content.verb });
      if (content.prompt !== null) {
        form.prompt = prompt.value = content.prompt;
        pressChips();
      }
      showFields();
      showVerb();
      if (content.focus) prompt.focus();
    },
    inputs: ({ inputs, masked }, buffers) => showInputs(inputs, buffers, masked),
    offer(content) {
      const text = JSON.stringify(content);
      if (text === seen.offer) return;
      [seen.offer, seen.offered] = [text, content];
      badge.hidden = !content.offline;
      showFields();
    },
    shelf: showShelf,
    verdict(content) {
      price.textContent = content.price ?? "";
      budget.textContent = content.budget ?? "";
      const [first, ...others] = content.lint;
      lint.hidden = !first;
      lint.replaceChildren(
        h("summary", {}, icon("spark"), h("span", {}, h("b", { word: "lacks" }), ` ${first} `, others.length ? h("b", {}, `+${others.length}`) : null)),
        h("ul", {}, others.map((advice) => h("li", {}, advice))));
      notes.replaceChildren(...content.notes.map((note) => h("li", {}, note)));
      verdictTrouble.hidden = !content.trouble;
      if (content.trouble) fillTrouble(verdictTrouble, content.trouble);
      seen.cell = content.cell ?? "";
      code.textContent = seen.cell.trimEnd();
      cell.hidden = !seen.cell;
    },
    confirm({ what, label }) {
      settle();
      const yes = h("button", { type: "button", class: "dn-button dn-primary", onclick: () => generate(true) }, label);
      asked.replaceChildren(icon("alert"), h("div", {}, h("strong", {}, what),
        h("div", { class: "dn-row" }, yes, button(null, "not_now", () => { asked.hidden = true; go.focus(); }))));
      asked.hidden = false;
      yes.focus();
    },
    queued() {
      settle("queued");
      announce(word("queued"));
    },
    stopped: trouble,
    trouble,
    parts({ text }) {
      const before = form.prompt;
      if (seen.composed && before.includes(seen.composed)) write(before.replace(seen.composed, () => text));
      else write([before.trim(), text].filter(Boolean).join(", "));
      seen.composed = text;
    },
    styled({ before, prompt: text }) {
      if (before === form.prompt) write(text);
    },
  });

  // --- more -----------------------------------------------------------------------------------------------
  const models = h("select", { class: "dn-field", id: id("model"), onchange: () => { form.model = models.value; changed(); } });
  const modelText = h("input", { class: "dn-field", id: id("model-name"), hidden: true, oninput: () => { form.model = modelText.value; changed(); }, words: { "aria-label": "model_name" } });
  const modelNote = h("p", { class: "dn-muted" });
  const [fields, seldom] = [h("div", { class: "dn-fields" }), h("div", { class: "dn-fields" })];

  function showFields() {
    showSize();
    const offered = seen.offered;
    if (!offered) return;
    const title = (each) => [each.title, each.retired ? word("gone") : each.price, each.until && word("until", { date: each.until })]
      .filter(Boolean).join(" · ");
    const usual = offered.models.find((each) => each.name === offered.usual);
    const first = h("option", { value: "" }, word("default", { value: usual ? title(usual) : offered.usual }));
    models.replaceChildren(first, ...offered.models.filter((each) => each !== usual)
      .map((each) => h("option", { value: each.name }, title(each))));
    models.value = form.model === offered.usual ? "" : form.model;
    models.hidden = offered.free_text;
    modelText.hidden = !offered.free_text;
    if (document.activeElement !== modelText) modelText.value = form.model;
    modelText.placeholder = offered.usual;
    modelNote.textContent = offered.note;
    for (const [box, common] of [[fields, true], [seldom, false]]) {
      // A field that somebody is in stays as it is: the caret would be lost.
      const kept = new Map([...box.children].map((each) => [each.dataset.field, each]));
      box.replaceChildren(...offered.fields.filter((field) => field.common === common).map((field) => {
        const old = kept.get(field.name);
        return old?.contains(document.activeElement) && old.dataset.facts === JSON.stringify(field) ? old : makeField(field);
      }));
    }
  }
  function makeField(field) {
    const { name, type, choices, help } = field;
    const said = form.options[name];
    const closed = type === "flag" ? ["true", "false"] : type === "size" ? [] : choices;
    const spelled = (value) => (type === "flag" ? word(value === "true" ? "yes" : "no") : value);
    const unsaid = field.default ? word("default", { value: field.default }) : word("automatic");
    let control;
    if (closed.length) {
      const rows = said === undefined || closed.includes(String(said)) ? closed : [...closed, String(said)];
      control = h("select", { class: "dn-field", onchange: () => set(name, control.value) },
        h("option", { value: "" }, unsaid), rows.map((value) => h("option", { value }, spelled(value))));
    } else {
      const number = type === "integer" || type === "number";
      control = h("input", {
        class: "dn-field", type: number ? "number" : "text", min: field.least, max: field.most,
        placeholder: field.default || (name === "n" ? "1" : (type === "size" && choices[0]) || ""), list: choices.length ? id(`choices-${name}`) : null,
        oninput: () => set(name, control.value.trim()),
      });
    }
    control.value = said === undefined ? "" : String(said);
    const list = control.getAttribute("list") ? h("datalist", { id: id(`choices-${name}`) }, choices.map((value) => h("option", { value }))) : null;
    control.id = id(`field-${name}`);
    control.title = help;
    return h("div", { class: "dn-label", "data-field": name, "data-facts": JSON.stringify(field) },
      h("label", { for: control.id }, field.title), control, list);
  }

  const structure = h("div", { class: "dn-fields" }, PARTS.map((key) => h("label", { class: "dn-label" },
    h("span", { word: key }), h("input", { class: "dn-field", "data-part": key, oninput: () => joinParts() }))));
  const joinParts = debounce(() => {
    const inputs = structure.querySelectorAll("input");
    send("parts", Object.fromEntries([...inputs].map((each) => [each.dataset.part, each.value])));
  }, 200);

  const styles = h("div", { class: "dn-styles" });
  const examples = h("ul", { class: "dn-examples" });
  function showShelf(content) {
    styles.replaceChildren(...content.styles.map((kind) => h("div", { role: "group", "aria-label": kind.title },
      h("span", { class: "dn-kind" }, kind.title),
      h("div", { class: "dn-chips" }, kind.styles.map((style) => {
        const chip = h("button", { type: "button", class: "dn-chip", onclick: () => toggle(style) }, style.label);
        chip.dnStyle = style;
        return chip;
      })))));
    examples.replaceChildren(...content.examples.map((text) => h("li", {},
      h("button", { type: "button", class: "dn-example", onclick: () => { write(text); prompt.focus(); } }, text))));
    pressChips();
  }
  const found = (style) => style.words.find((each) => form.prompt.toLowerCase().includes(each.toLowerCase()));
  function toggle(style) {
    const there = found(style);
    if (!there) return send("style", { prompt: form.prompt, style: style.words[1] });
    const place = form.prompt.toLowerCase().indexOf(there.toLowerCase());
    const [before, after] = [form.prompt.slice(0, place), form.prompt.slice(place + there.length)];
    // With the comma that led to it, or at the beginning the one behind it.
    return write(before.trim() ? before.replace(/[,，、]\s*$/, "") + after : after.replace(/^\s*[,，、]\s*/, ""));
  }
  function pressChips() {
    for (const chip of styles.querySelectorAll(".dn-chip")) chip.setAttribute("aria-pressed", Boolean(found(chip.dnStyle)));
  }

  const section = (key, open, ...children) => h("details", { class: "dn-section", open }, h("summary", {}, h("span", { word: key }), icon("chevron")), ...children);
  const more = h("div", { class: "dn-more", id: id("more"), hidden: true },
    h("div", { class: "dn-label dn-model" }, h("label", { for: id("model"), word: "model" }), models, modelText, modelNote),
    section("options", true, fields),
    section("styles", true, styles),
    section("structure", false, structure),
    section("examples", false, examples),
    section("seldom", false, seldom));
  const moreWord = h("span", { word: "more" });
  const opener = h("button", {
    type: "button", class: "dn-button dn-bare dn-opener", "aria-expanded": "false", "aria-controls": id("more"),
    onclick: () => {
      more.hidden = !more.hidden;
      opener.setAttribute("aria-expanded", !more.hidden);
      say(moreWord, more.hidden ? "more" : "less");
    },
  }, icon("sliders"), moreWord);

  const code = h("code", { tabindex: 0 });
  const copied = h("span", { class: "dn-muted", role: "status" });
  const cell = h("details", { class: "dn-section dn-cell", hidden: true }, h("summary", {}, h("span", { word: "as_cell" }), icon("chevron")),
    h("pre", {}, code), h("div", { class: "dn-row" }, button("copy", "copy", async () => {
      const key = { cell: "as_a_cell_below", copied: "copied" }[await copyAsCell(seen.cell.trimEnd(), root)] ?? "not_copied";
      say(copied, key);
    }, { class: "dn-small" }), copied));

  const badge = h("details", { class: "dn-badge", hidden: true }, h("summary", {}, h("span", { word: "badge" })), h("p", { word: "offline" }));
  const add = button("image", "add", () => files.click(), { class: "dn-bare" });

  const card = h("form", { class: "dn-card dn-form", onsubmit: (event) => event.preventDefault() },
    h("div", { class: "dn-head" }, h("label", { class: "dn-title", for: id("prompt"), word: "prompt" }), badge),
    prompt, lint, pictures,
    h("div", { class: "dn-row dn-sizes" }, sizes, otherSize),
    notes, verdictTrouble, stopped, asked,
    h("div", { class: "dn-row dn-act" }, h("div", { class: "dn-cost" }, price, budget), go),
    h("div", { class: "dn-row dn-tools" }, add, files, opener),
    more, cell,
    h("div", { class: "dn-dropping", "aria-hidden": "true" }, icon("image"), h("span", { word: "drop" })));
  root.append(card);

  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  card.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    event.stopPropagation();
    card.classList.add("dn-over");
  });
  card.addEventListener("dragleave", (event) => { if (!card.contains(event.relatedTarget)) card.classList.remove("dn-over"); });
  card.addEventListener("drop", (event) => {
    card.classList.remove("dn-over");
    if (!carries(event)) return;
    event.preventDefault();
    event.stopPropagation();
    upload(event.dataTransfer.files);
  });
  card.addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    upload(event.clipboardData.files);
  });

  model.on("change:words", () => {
    send("form", form); // which answers in the other language, and knows what was typed a moment ago
    send("shelf");
  });
  showSize();
  showInputs([], [], false);
  send("shelf");
  send("look");
  return () => {
    clearTimeout(seen.patience);
    page.close();
  };
}

export default { render };
