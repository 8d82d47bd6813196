// The mask painter: the tools around the picture, what they do to the mask, and how it gets to Python.

const DRAWN = {
  box: "M4.5 6.5h15v11h-15z",
  fill: "M12 3.5c3.5 4.2 6 6.9 6 10.3a6 6 0 0 1-12 0c0-3.4 2.5-6.1 6-10.3zM9.2 14.5a2.8 2.8 0 0 0 2.3 2.6",
  invert: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 4v16M12 8h6.9M12 12h8M12 16h6.9",
  help: "M9.4 9.2a2.6 2.6 0 1 1 3.8 2.3c-.8.4-1.2 1-1.2 1.9M12 16.7v.01M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z",
  soft: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3.5v.01M18 6v.01M20.5 12v.01M18 18v.01M12 20.5v.01M6 18v.01M3.5 12v.01M6 6v.01",
};
const COLOURS = { red: [255, 45, 85], green: [40, 190, 90], blue: [20, 130, 255], yellow: [255, 204, 0] };
const GHOST = [255, 255, 255];
const MOST_BYTES = 10 << 20; // what a message to the kernel can carry: a larger one vanishes without a word
const PATIENCE = 5000; // milliseconds without an answer from the kernel before we say so

class Painter extends Hands {
  constructor(model, el) {
    super();
    this.page = part(model, el, "dnm");
    this.view = Math.random().toString(36).slice(2);
    Object.assign(this, { tool: "brush", size: 40, tolerance: 0.12, colour: "red", opacity: 0.55, soft: false });
    this.strokes = 0;
    this.build();
    this.stage = new Stage(this.canvas);
    this.listen();
    this.page.hear({
      open: (content, buffers) => this.open(content, buffers),
      mask: ({ said }, [bits]) => this.take(bytes(bits), said),
      kept: (content) => this.kept(content),
      trouble: ({ what, fix }) => this.complain(what, fix),
    });
    this.page.send("open");
  }

  // ---- what is on the page

  build() {
    const { h, button, root } = this.page;
    root.setAttribute("role", "group");
    this.page.say(root, "title", {}, "aria-label");
    const press = (name, icon, act) => (this.buttons[name] = button(icon, name, act, { quiet: true }));
    this.buttons = {};
    const tools = Object.keys(TOOLS).map((tool) => (this.buttons[tool] = this.page.say(
      button(DRAWN[tool] ?? tool, tool, () => this.choose(tool)), `${tool}_why`, {}, "title")));
    this.slider = h("input", { type: "range", min: 0, max: 1000, oninput: () => this.slide(this.slider.value / 1000) });
    this.amount = h("output");
    this.measure = h("span", { word: "size" });
    const bar = h("div", { class: "dnm-bar", role: "toolbar", words: { "aria-label": "tools" } },
      h("div", { class: "dnm-tools" }, tools),
      h("label", { class: "dnm-slide" }, this.measure, this.slider, this.amount),
      h("div", { class: "dnm-group" },
        press("undo", "undo", () => this.go(-1)), press("redo", "redo", () => this.go(1)),
        press("invert", DRAWN.invert, () => this.change("invert")), press("clear", "trash", () => this.change("clear")),
        press("help", DRAWN.help, () => this.toggleHelp())));
    root.append(bar, this.buildHelp(), this.buildTrouble(), this.buildStage(), this.buildLook());
    this.choose("brush");
  }

  buildStage() {
    const { h, button } = this.page;
    this.canvas = h("canvas", { tabindex: 0, role: "application", words: { "aria-label": "canvas" } });
    this.hint = h("div", { class: "dnm-pill dnm-hint", word: "hint" });
    this.state = h("div", { class: "dnm-pill dnm-state" });
    this.percent = h("output", { class: "dnm-percent" });
    this.ghostBar = h("div", { class: "dnm-pill dnm-ghost", hidden: true },
      h("span", { word: "ghost" }),
      button(null, "use", () => this.settle(true), { class: "dn-primary" }), button(null, "drop", () => this.settle(false)));
    const zoom = h("div", { class: "dnm-pill dnm-zoom" },
      button("minus", "zoom_out", () => this.zoom(1 / 1.5), { quiet: true }), this.percent,
      button("plus", "zoom_in", () => this.zoom(1.5), { quiet: true }), button("fit", "fit", () => this.zoom(0), { quiet: true }));
    return h("div", { class: "dnm-stage" }, this.canvas, this.hint, this.ghostBar, this.state, zoom);
  }

  buildLook() {
    const { h, button } = this.page, group = `dnm-${this.view}`;
    const swatches = Object.entries(COLOURS).map(([name, colour]) => h("input", {
      type: "radio", name: group, value: name, checked: name === this.colour, style: `--dye: rgb(${colour})`,
      words: { "aria-label": name, title: name }, onchange: () => this.dye(name) }));
    const opacity = h("input", { type: "range", min: 10, max: 100, value: this.opacity * 100, oninput: () => {
      this.opacity = opacity.value / 100;
      this.paint();
    } });
    const file = h("input", { type: "file", accept: "image/*", class: "dn-unseen", tabindex: -1, words: { "aria-label": "load" }, onchange: () => {
      this.load(file.files[0]);
      file.value = "";
    } });
    this.softly = this.page.say(
      button(DRAWN.soft, "soft", () => this.soften(), { "aria-pressed": "false" }), "soft_why", {}, "title");
    return h("div", { class: "dnm-look" },
      h("div", { class: "dnm-swatches", role: "radiogroup", words: { "aria-label": "colour" } }, swatches),
      h("label", { class: "dnm-slide" }, h("span", { word: "opacity" }), opacity), this.softly,
      h("div", { class: "dnm-group" }, button("download", "save", () => this.save()), button("upload", "load", () => file.click()), file));
  }

  buildHelp() {
    const { h } = this.page, word = (key) => h("kbd", { word: key }), key = (text) => h("kbd", null, text);
    const rows = [
      [[word("key_space")], "key_paint"], [[key("Enter")], "key_pen"], [[word("key_arrows")], "key_move"],
      [[key("B")], "brush"], [[key("E")], "eraser"], [[key("R")], "box"], [[key("G")], "fill_why"],
      [[key("["), key("]")], "key_size"], [[key("Alt")], "key_erase"], [[key("Ctrl"), key("Z")], "undo"],
      [[key("Ctrl"), key("Shift"), key("Z")], "redo"], [[key("I")], "invert"], [[key("Delete")], "clear"],
      [[key("+"), key("-"), key("0")], "key_zoom"], [[key("Ctrl"), word("key_wheel_name")], "key_wheel"],
      [[word("key_space"), word("key_drag")], "key_pan"], [[key("F")], "soft_why"],
    ];
    this.help = h("dl", { class: "dnm-help dn-card", hidden: true },
      rows.map(([keys, what]) => h("div", null, h("dt", null, keys), h("dd", { word: what }))));
    return this.help;
  }

  buildTrouble() {
    const { h } = this.page;
    this.what = h("strong");
    this.fix = h("div");
    this.trouble = h("div", { class: "dn-note dn-trouble", role: "alert", hidden: true }, icon("alert"), h("div", null, this.what, this.fix));
    return this.trouble;
  }

  // ---- Python

  async open({ number, width, height, media }, [shown, bits, ghost]) {
    if (number === this.number) return; // another page asked: ours is as new
    this.number = number;
    const picture = await createImageBitmap(new Blob([bytes(shown)], { type: media }));
    if (number !== this.number) return;
    Object.assign(this, { picture, levels: null, cursor: null, ring: null, act: null, width, height });
    this.mask = new Mask(width, height, COLOURS[this.colour]);
    this.mask.unpack(bytes(bits));
    this.steps = new Steps(this.mask.pack());
    this.ghost = ghost ? new Mask(width, height, GHOST) : null;
    this.ghost?.unpack(bytes(ghost));
    this.largest = Math.max(width, height) / 2;
    this.resize(Math.max(width, height) / 16);
    this.stage.show(picture, width, height);
    this.page.root.dataset.open = number;
    this.refresh();
  }

  take(bits, said) {
    this.mask.unpack(bits);
    this.steps.add(this.mask.pack());
    this.refresh(said);
  }

  // Keep what was done as a step, and send it, if it changed anything.
  commit() {
    const packed = this.mask.pack(), before = this.steps.kept[this.steps.at];
    this.act = null;
    if (packed.every((byte, i) => byte === before[i])) return this.paint();
    this.steps.add(packed);
    this.send(packed);
  }

  send(packed) {
    const { number, view } = this, stroke = ++this.strokes;
    const sent = this.page.send("paint", { number, view, stroke, settled: !this.ghost }, [packed.slice().buffer]);
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.complain(this.page.word("lost"), this.page.word("lost_fix")), sent ? PATIENCE : 0);
    this.refresh();
    this.page.announce(this.state.textContent);
  }

  kept({ stroke, view }) {
    if (view !== this.view) {
      this.number = null; // painted on elsewhere: what is there is asked for anew
      return this.page.send("open");
    }
    this.page.root.dataset.kept = stroke;
    if (stroke !== this.strokes) return null;
    clearTimeout(this.waiting);
    return this.complain("", "");
  }

  async save() {
    const link = this.page.h("a", { href: URL.createObjectURL(await this.mask.file()), download: "mask.png" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  async load(file) {
    if (!file) return;
    const size = (file.size / (1 << 20)).toFixed(1);
    if (file.size > MOST_BYTES) this.complain(this.page.word("large", { size }), "");
    else this.page.send("load", {}, [await file.arrayBuffer()]);
  }

  complain(what, fix) {
    this.what.textContent = what;
    this.fix.textContent = fix;
    this.trouble.hidden = !what;
  }

  // ---- what the buttons do

  choose(tool) {
    if (this.act) this.commit();
    this.tool = tool;
    for (const each of Object.keys(TOOLS)) this.buttons[each].setAttribute("aria-pressed", each === tool);
    this.page.say(this.measure, tool === "fill" ? "tolerance" : "size");
    this.slider.disabled = tool === "box";
    this.canvas.dataset.tool = tool;
    this.showAmount();
    this.paint();
  }

  slide(share) {
    if (this.tool === "fill") this.tolerance = share;
    else this.size = Math.round(this.largest ** share);
    this.showAmount();
    this.paint();
  }

  resize(size) {
    this.size = Math.round(Math.max(1, Math.min(this.largest, size)));
    this.showAmount();
    this.paint();
  }

  showAmount() {
    const fill = this.tool === "fill";
    const share = fill ? this.tolerance : Math.log(this.size) / Math.log(this.largest ?? 512);
    this.amount.textContent = fill ? `${Math.round(this.tolerance * 100)} %` : `${this.size} px`;
    this.slider.value = share * 1000;
    this.slider.setAttribute("aria-valuetext", this.amount.textContent);
  }

  go(by) {
    const packed = this.act ? null : this.steps.go(by);
    if (!packed) return;
    this.mask.unpack(packed);
    this.send(packed);
  }

  change(how) {
    this.mask[how]();
    this.commit();
  }

  settle(use) {
    if (use) this.mask.unpack(this.ghost.pack());
    if (use) this.steps.add(this.mask.pack());
    this.ghost = null;
    this.send(this.mask.pack());
    this.canvas.focus();
  }

  dye(name) {
    this.colour = name;
    this.mask.dye(COLOURS[name]);
    this.paint();
  }

  soften() {
    this.soft = !this.soft;
    this.softly.setAttribute("aria-pressed", this.soft);
    this.paint();
  }

  zoom(by, place) {
    if (by) this.stage.zoom(by, place);
    else this.stage.fit();
    this.refresh();
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    this.buttons.help.setAttribute("aria-expanded", !this.help.hidden);
  }

  // ---- what is shown

  refresh(said = "") {
    if (!this.mask) return;
    const { share, count } = this.mask, percent = share >= 0.01 || !count ? Math.round(share * 100) : (share * 100).toFixed(1);
    const key = !count ? "nothing" : share === 1 ? "everything" : "share";
    this.page.say(this.state, key, { percent: `${percent} %` });
    this.hint.hidden = count > 0 || Boolean(this.ghost) || Boolean(this.act);
    this.ghostBar.hidden = !this.ghost;
    this.percent.textContent = `${Math.round(this.stage.scale * 100)} %`;
    for (const [name, possible] of [["undo", this.steps.undoable], ["redo", this.steps.redoable]]) {
      // Focus that falls on the page would give the next key to JupyterLab.
      if (!possible && this.buttons[name].matches(":focus")) this.canvas.focus({ preventScroll: true });
      this.buttons[name].disabled = !possible;
    }
    if (said) this.page.announce(said);
    this.paint();
  }

  // At most once a frame.
  paint() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.mask) this.stage.draw(this.scene());
    });
  }

  scene() {
    const { mask, ghost, opacity, act, ring, cursor, tool, size } = this, line = tool === "brush" || tool === "eraser";
    const feather = this.soft && Math.min(16, Math.round(Math.max(this.width, this.height) / 96)); // as `_compositing` does
    const box = act?.kind === "box" && [...act.from, ...act.to];
    return { mask, ghost, opacity, feather, box, cross: cursor, ring: line && ring && { at: ring, radius: size / 2 } };
  }

  close() {
    clearTimeout(this.waiting);
    this.watcher.disconnect();
    this.page.close();
  }
}

function bytes(buffer) {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

export default {
  render({ model, el }) {
    const painter = new Painter(model, el);
    return () => painter.close();
  },
};
