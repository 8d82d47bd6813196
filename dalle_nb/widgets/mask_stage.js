// What is seen of a mask: the picture, what is painted over it, the brush; moved and enlarged.
// Knows pixels of the picture and of the page, and nothing of tools or Python.

const CLOSEST = 32;
const MARGIN = 10; // around a picture that is fitted, so that its very edge can be painted over

class Stage {
  constructor(canvas) {
    Object.assign(this, { canvas, ink: canvas.getContext("2d"), fitted: true, scale: 1, x: 0, y: 0 });
  }

  show(picture, width, height) {
    Object.assign(this, { picture, width, height, fitted: true });
    this.resize();
  }

  // As wide as there is room, and as high as the picture needs, but never higher than the screen.
  resize() {
    if (!this.picture) return;
    const wide = this.canvas.parentElement.clientWidth;
    const high = Math.round(Math.min((wide * this.height) / this.width, Math.max(300, window.innerHeight * 0.62)));
    const density = window.devicePixelRatio || 1;
    Object.assign(this, { wide, high, density });
    this.canvas.style.height = `${high}px`;
    this.canvas.width = Math.round(wide * density);
    this.canvas.height = Math.round(high * density);
    if (this.fitted) this.fit();
    else this.pan(0, 0);
  }

  fit() {
    this.fitted = true;
    this.scale = Math.min((this.wide - 2 * MARGIN) / this.width, (this.high - 2 * MARGIN) / this.height);
    this.x = (this.wide - this.width * this.scale) / 2;
    this.y = (this.high - this.height * this.scale) / 2;
  }

  // Enlarge by a factor, and keep what is under that point of the canvas there.
  zoom(factor, [px, py] = [this.wide / 2, this.high / 2]) {
    const least = Math.min(this.wide / this.width, this.high / this.height) / 2;
    const scale = Math.max(least, Math.min(CLOSEST, this.scale * factor)), by = scale / this.scale;
    Object.assign(this, { scale, fitted: false });
    this.x = px - (px - this.x) * by;
    this.y = py - (py - this.y) * by;
    this.pan(0, 0);
  }

  // Move the picture, some of which always stays in view.
  pan(dx, dy) {
    const stay = 60, held = (at, room, size) => Math.max(stay - size, Math.min(room - stay, at));
    this.x = held(this.x + dx, this.wide, this.width * this.scale);
    this.y = held(this.y + dy, this.high, this.height * this.scale);
    if (dx || dy) this.fitted = false;
  }

  // Move so far that a point of the picture is in view.
  follow([px, py]) {
    const edge = 30, x = this.x + px * this.scale, y = this.y + py * this.scale;
    const beyond = (at, room) => Math.max(0, edge - at) - Math.max(0, at - room + edge);
    if (this.scale * this.width > this.wide) this.pan(beyond(x, this.wide), 0);
    if (this.scale * this.height > this.high) this.pan(0, beyond(y, this.high));
  }

  // Where on the canvas something happened, and on what point of the picture.
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  point(event) {
    const [x, y] = this.place(event);
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  middle() {
    return [(this.wide / 2 - this.x) / this.scale, (this.high / 2 - this.y) / this.scale];
  }

  draw({ mask, ghost, opacity, feather, ring, cross, box }) {
    const { ink, density } = this;
    if (!this.picture) return;
    ink.setTransform(density, 0, 0, density, 0, 0);
    ink.clearRect(0, 0, this.wide, this.high);
    ink.imageSmoothingEnabled = this.scale < 3;
    this.#lay(this.picture);
    ink.globalAlpha = opacity;
    this.#lay(feather ? this.#softened(mask, feather) : mask.canvas);
    if (ghost) {
      ink.globalAlpha = 0.4;
      this.#lay(ghost.canvas);
    }
    ink.globalAlpha = 1;
    const at = ([x, y]) => [this.x + x * this.scale, this.y + y * this.scale];
    if (box) this.#trace([6, 4], () => ink.rect(...at(box), (box[2] - box[0]) * this.scale, (box[3] - box[1]) * this.scale));
    if (cross) this.#crosshair(at(cross));
    if (ring) this.#trace([], () => ink.arc(...at(ring.at), Math.max(2, ring.radius * this.scale), 0, 7));
  }

  #lay(image) {
    this.ink.drawImage(image, this.x, this.y, this.width * this.scale, this.height * this.scale);
  }

  // Inside the mask new goes over into old; outside it nothing changes.
  #softened(mask, feather) {
    if (this.soft?.version === mask.version && this.soft.mask === mask) return this.soft.canvas;
    const soft = new OffscreenCanvas(mask.width, mask.height), ink = soft.getContext("2d");
    ink.drawImage(mask.canvas, 0, 0);
    ink.globalCompositeOperation = "destination-in";
    ink.filter = `blur(${feather}px)`;
    ink.drawImage(mask.canvas, 0, 0);
    ink.drawImage(mask.canvas, 0, 0);
    this.soft = { mask, version: mask.version, canvas: soft };
    return soft;
  }

  #crosshair([x, y]) {
    const lines = [[0, y, x - 7, y], [x + 7, y, this.wide, y], [x, 0, x, y - 7], [x, y + 7, x, this.high]];
    this.#trace([], () => {
      for (const [x0, y0, x1, y1] of lines) {
        this.ink.moveTo(x0, y0);
        this.ink.lineTo(x1, y1);
      }
    });
  }

  // A line that is seen on any picture: white on black.
  #trace(dashes, path) {
    for (const [colour, width] of [["rgb(0 0 0 / 75%)", 3], ["#fff", 1.25]]) {
      this.ink.beginPath();
      path();
      this.ink.setLineDash(dashes);
      this.ink.lineWidth = width;
      this.ink.strokeStyle = colour;
      this.ink.stroke();
    }
  }
}
