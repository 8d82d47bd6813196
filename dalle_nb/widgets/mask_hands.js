// What hands and keys do to a mask: pointers paint, fingers and Space move the picture, keys move a cursor that paints.
// Leaves to the Painter what becomes of a stroke, and what there is to press beside the picture.

const TOOLS = { brush: "b", eraser: "e", box: "r", fill: "g" };

class Hands {
  // `act` is what is under way: a line, a box, a pinch, a grab; `cursor` the keyboard's, `ring` where the brush is seen.
  constructor() {
    Object.assign(this, { pointers: new Map(), act: null, ring: null, cursor: null, space: null });
  }

  listen() {
    const { canvas } = this, on = (name, act) => canvas.addEventListener(name, (event) => this.mask && act(event), { passive: false });
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) on(name, (event) => this.up(event));
    on("pointerleave", () => this.hover(null));
    on("wheel", (event) => this.wheel(event));
    on("contextmenu", (event) => event.preventDefault());
    on("focus", () => canvas.matches(":focus-visible") && !this.pointers.size && this.aim(this.cursor ?? this.stage.middle()));
    on("blur", () => this.rest());
    on("keyup", (event) => event.key === " " && this.release());
    this.page.root.addEventListener("keydown", (event) => this.mask && this.key(event));
    this.watcher = new ResizeObserver(() => {
      this.stage.resize();
      this.refresh();
    });
    this.watcher.observe(canvas.parentElement);
  }

  down(event) {
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.stage.place(event));
    this.hover(null);
    if (this.pointers.size > 1) return this.pinch();
    if (event.button === 1 || this.space) return this.grab();
    // Button 5 is the other end of a pen.
    if (event.button !== 0 && event.button !== 5) return null;
    const erase = event.button === 5 || event.altKey;
    return this.begin(this.stage.point(event), erase, pressed(event));
  }

  move(event) {
    const before = this.pointers.get(event.pointerId), now = this.stage.place(event);
    if (before) this.pointers.set(event.pointerId, now);
    if (this.act?.kind === "pinch") return before && this.stretch();
    if (this.act?.kind === "grab") this.stage.pan(now[0] - before[0], now[1] - before[1]);
    else if (before && this.act) {
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) this.reach(this.stage.point(each), pressed(each));
    }
    return this.hover(event.pointerType === "touch" ? null : this.stage.point(event));
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.act?.kind === "pinch" || this.act?.kind === "grab") {
      if (!this.pointers.size) this.act = null;
    } else if (this.act) this.end();
  }

  // The second finger says that the first did not mean to paint.
  pinch() {
    if (this.act) this.mask.unpack(this.steps.kept[this.steps.at]);
    this.act = { kind: "pinch", span: span([...this.pointers.values()]) };
  }

  stretch() {
    if (this.pointers.size !== 2) return;
    const before = this.act.span, now = span([...this.pointers.values()]);
    this.act.span = now;
    this.stage.pan(now.x - before.x, now.y - before.y);
    this.zoom(now.wide / before.wide, [now.x, now.y]);
  }

  grab() {
    this.act = { kind: "grab" };
    if (this.space) this.space = "panned";
  }

  hover(point) {
    if (point || this.pointers.size) {
      this.cursor = null;
      delete this.canvas.dataset.keys;
    }
    this.ring = this.cursor ?? point;
    this.paint();
  }

  wheel(event) {
    // A notebook scrolls under the pointer, until the picture was clicked.
    if (!event.ctrlKey && !this.canvas.matches(":focus")) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0018)), this.stage.place(event));
  }

  // ---- what tools do, under a hand or at the keyboard's cursor

  begin(point, erase, pressure = 1) {
    const value = (this.tool === "eraser") === erase ? 1 : 0;
    this.act = { kind: this.tool === "box" ? "box" : "line", value, from: point, to: point };
    if (this.tool === "fill") this.flood(point);
    else this.reach(point, pressure);
  }

  reach(point, pressure = 1) {
    const { kind, value, to } = this.act;
    if (kind === "line") this.mask.line(...to, ...point, (this.size / 2) * pressure, value);
    this.act.to = point;
    this.refresh();
  }

  end() {
    const { kind, value, from, to } = this.act;
    if (kind === "box") this.mask.box(...from, ...to, value);
    this.commit();
  }

  flood([x, y]) {
    if (this.mask.holds(x, y)) this.mask.flood(Math.floor(x), Math.floor(y), this.colours(), this.tolerance);
    this.commit();
  }

  // The picture's own colours, read once.
  colours() {
    if (!this.levels) {
      const { width, height } = this.picture, ink = new OffscreenCanvas(width, height).getContext("2d");
      ink.drawImage(this.picture, 0, 0);
      this.levels = ink.getImageData(0, 0, width, height);
    }
    return this.levels;
  }

  // ---- what keys do

  key(event) {
    const control = event.ctrlKey || event.metaKey, name = event.key.toLowerCase();
    const moves = event.target === this.canvas ? this.moves(event) : {};
    const act = control ? this.commands(event.shiftKey)[name] : this.keys()[name] ?? moves[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  commands(shift) {
    return { z: () => this.go(shift ? 1 : -1), y: () => this.go(1) };
  }

  keys() {
    const tools = Object.entries(TOOLS).map(([tool, key]) => [key, () => this.choose(tool)]);
    return {
      ...Object.fromEntries(tools),
      "[": () => this.resize(Math.min(this.size - 1, this.size / 1.2)), "]": () => this.resize(Math.max(this.size + 1, this.size * 1.2)),
      "+": () => this.zoom(1.25), "=": () => this.zoom(1.25), "-": () => this.zoom(0.8), 0: () => this.zoom(0),
      i: () => this.change("invert"), delete: () => this.change("clear"), backspace: () => this.change("clear"),
      f: () => this.soften(), "?": () => this.toggleHelp(),
    };
  }

  moves({ shiftKey, repeat }) {
    const step = shiftKey ? 1 : Math.max(1, Math.round(12 / this.stage.scale));
    const by = (dx, dy) => () => this.step(dx * step, dy * step);
    return {
      ArrowLeft: by(-1, 0), ArrowRight: by(1, 0), ArrowUp: by(0, -1), ArrowDown: by(0, 1),
      Enter: () => this.pen(), Escape: () => this.drop(), " ": () => repeat || (this.space = "held"),
    };
  }

  // The cursor stands in the middle of a pixel.
  aim([x, y]) {
    const inside = (at, size) => Math.max(0, Math.min(size - 1, Math.floor(at))) + 0.5;
    this.canvas.dataset.keys = "";
    this.cursor = this.ring = [inside(x, this.width), inside(y, this.height)];
    this.stage.follow(this.cursor);
    this.paint();
  }

  step(dx, dy) {
    const [x, y] = this.cursor ?? this.stage.middle();
    this.aim([x + dx, y + dy]);
    if (this.act) this.reach(this.cursor);
  }

  pen() {
    if (!this.cursor) this.aim(this.stage.middle());
    if (this.act) return this.end();
    this.begin(this.cursor, false);
    return this.act && this.page.announce(this.page.word("pen_down"));
  }

  // Space alone paints once; held, it lets the pointer move the picture.
  release() {
    const meant = this.space === "held";
    this.space = null;
    if (!meant || this.pointers.size) return;
    if (!this.act) this.pen();
    if (this.act && this.tool !== "box") this.end();
  }

  drop() {
    if (this.act) this.mask.unpack(this.steps.kept[this.steps.at]);
    this.act = null;
    this.refresh();
  }

  rest() {
    this.space = null;
    if (this.act && !this.pointers.size) this.end();
    this.cursor = this.ring = null;
    delete this.canvas.dataset.keys;
    this.paint();
  }
}

// How thick a line is for how hard a pen is pressed; other pointers know no pressure.
function pressed(event) {
  return event.pointerType === "pen" && event.pressure ? 0.4 + 0.6 * event.pressure : 1;
}

// Where two fingers are, and how far apart.
function span([[x0, y0], [x1, y1]]) {
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, wide: Math.hypot(x1 - x0, y1 - y0) || 1 };
}
