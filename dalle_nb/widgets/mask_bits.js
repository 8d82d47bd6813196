// The mask itself: one byte a pixel, 1 where the picture is repainted, in the picture's true size.
// Knows pixels, and nothing of pages, pointers or Python.

class Mask {
  constructor(width, height, colour) {
    Object.assign(this, { width, height, colour, count: 0, version: 0 });
    this.bits = new Uint8Array(width * height);
    this.canvas = new OffscreenCanvas(width, height);
    this.ink = this.canvas.getContext("2d");
  }

  get share() {
    return this.count / this.bits.length;
  }

  // Set every pixel whose centre is within `radius` of the line, and always those that hold its ends.
  line(x0, y0, x1, y1, radius, value) {
    const left = this.#column(Math.min(x0, x1) - radius), right = this.#column(Math.max(x0, x1) + radius);
    const top = this.#row(Math.min(y0, y1) - radius), bottom = this.#row(Math.max(y0, y1) + radius);
    const dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy || 1, reach = radius * radius;
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const px = x + 0.5 - x0, py = y + 0.5 - y0;
        const along = Math.max(0, Math.min(1, (px * dx + py * dy) / length));
        const ax = px - along * dx, ay = py - along * dy;
        if (ax * ax + ay * ay <= reach) this.#set(y * this.width + x, value);
      }
    }
    for (const [x, y] of [[x0, y0], [x1, y1]]) {
      if (this.holds(x, y)) this.#set(Math.floor(y) * this.width + Math.floor(x), value);
    }
    this.#show(left, top, right, bottom);
  }

  box(x0, y0, x1, y1, value) {
    const left = this.#column(Math.min(x0, x1)), right = Math.max(left, this.#column(Math.ceil(Math.max(x0, x1)) - 1));
    const top = this.#row(Math.min(y0, y1)), bottom = Math.max(top, this.#row(Math.ceil(Math.max(y0, y1)) - 1));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) this.#set(y * this.width + x, value);
    }
    this.#show(left, top, right, bottom);
  }

  // Spread from a pixel over neighbours of a colour like its own. What is painted already is a wall, so
  // that with a tolerance of 1 it fills what an outline encloses.
  flood(x, y, picture, tolerance) {
    const { width, height, bits } = this;
    const across = picture.width / width, down = picture.height / height, most = tolerance * 255;
    const at = (px, py) => (Math.floor((py + 0.5) * down) * picture.width + Math.floor((px + 0.5) * across)) * 4;
    const { data } = picture, [red, green, blue] = data.subarray(at(x, y));
    const near = (level, other) => level - other <= most && other - level <= most;
    const open = (px, py) => {
      if (bits[py * width + px]) return false;
      const from = at(px, py);
      return near(data[from], red) && near(data[from + 1], green) && near(data[from + 2], blue);
    };
    const waiting = open(x, y) ? [[x, y]] : [];
    while (waiting.length) {
      const [px, py] = waiting.pop();
      if (!open(px, py)) continue;
      let left = px, right = px;
      while (left > 0 && open(left - 1, py)) left--;
      while (right < width - 1 && open(right + 1, py)) right++;
      this.count += right - left + 1;
      bits.fill(1, py * width + left, py * width + right + 1);
      for (const row of [py - 1, py + 1]) {
        if (row < 0 || row >= height) continue;
        // One seed for each stretch of the row that is open.
        for (let before = false, each = left; each <= right; each++) {
          const now = open(each, row);
          if (now && !before) waiting.push([each, row]);
          before = now;
        }
      }
    }
    this.redraw();
  }

  invert() {
    for (let i = 0; i < this.bits.length; i++) this.bits[i] ^= 1;
    this.count = this.bits.length - this.count;
    this.redraw();
  }

  clear() {
    this.bits.fill(0);
    this.count = 0;
    this.redraw();
  }

  // Eight pixels a byte, the first in the highest bit, as numpy packs them.
  pack() {
    const { bits } = this, packed = new Uint8Array(Math.ceil(bits.length / 8));
    for (let i = 0; i < bits.length; i++) packed[i >> 3] |= bits[i] << (7 - (i & 7));
    return packed;
  }

  unpack(packed) {
    this.count = 0;
    for (let i = 0; i < this.bits.length; i++) {
      this.count += this.bits[i] = (packed[i >> 3] >> (7 - (i & 7))) & 1;
    }
    this.redraw();
  }

  // The file that OpenAI reads: transparent where the picture is repainted.
  file() {
    const sheet = new OffscreenCanvas(this.width, this.height), ink = sheet.getContext("2d");
    ink.fillRect(0, 0, this.width, this.height);
    ink.globalCompositeOperation = "destination-out";
    ink.drawImage(this.canvas, 0, 0);
    return sheet.convertToBlob({ type: "image/png" });
  }

  dye(colour) {
    this.colour = colour;
    this.redraw();
  }

  redraw() {
    this.#show(0, 0, this.width - 1, this.height - 1);
  }

  holds(x, y) {
    return x >= 0 && y >= 0 && x < this.width && y < this.height;
  }

  #set(i, value) {
    this.count += value - this.bits[i];
    this.bits[i] = value;
  }

  #column(x) {
    return Math.max(0, Math.min(this.width - 1, Math.floor(x)));
  }

  #row(y) {
    return Math.max(0, Math.min(this.height - 1, Math.floor(y)));
  }

  #show(left, top, right, bottom) {
    const wide = right - left + 1, high = bottom - top + 1;
    const patch = new ImageData(wide, high), pixels = new Uint32Array(patch.data.buffer);
    const [r, g, b] = this.colour, ink = (255 << 24) | (b << 16) | (g << 8) | r;
    for (let y = 0; y < high; y++) {
      const from = (top + y) * this.width + left;
      for (let x = 0; x < wide; x++) if (this.bits[from + x]) pixels[y * wide + x] = ink;
    }
    this.ink.putImageData(patch, left, top);
    this.version++;
  }
}

// What was done to a mask, packed, to go back and forth in.
class Steps {
  constructor(first) {
    this.kept = [first];
    this.at = 0;
  }

  add(packed) {
    this.kept.splice(this.at + 1, Infinity, packed);
    // A hundred steps of a small picture; fewer of a large one, 64 MB in all.
    const most = Math.max(5, Math.min(100, Math.floor((64 << 20) / packed.length)));
    this.kept.splice(0, this.kept.length - most);
    this.at = this.kept.length - 1;
  }

  go(by) {
    const to = this.at + by;
    if (!(to in this.kept)) return null;
    this.at = to;
    return this.kept[to];
  }

  get undoable() {
    return this.at > 0;
  }

  get redoable() {
    return this.at < this.kept.length - 1;
  }
}
