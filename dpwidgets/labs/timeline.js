/**
 * The timeline of a run on a canvas: one row for the training loop, one for each process that loads. Spans
 * are coloured and patterned by kind. Wheel, keys and buttons zoom, drag and arrows pan, a pointer over a
 * span tells what it is. While a run goes on the picture follows its end.
 */
const LABEL_WIDTH = 92;
const LOOP_KINDS = new Set(["wait", "step", "transfer"]);
const LOOP_ROW = 34;
const FIRST_SECONDS = 3; // shown while following
const SHORTEST = 0.0005; // seconds across the picture
const AXIS = 24;

class Timeline {
  constructor(link, looks, signal) {
    this.link = link;
    this.looks = looks;
    this.width = FIRST_SECONDS;
    this.to = FIRST_SECONDS;
    this.following = true;
    this.hovered = null;
    this.asked = false;
    this.textures = new Map();
    this.canvas = element("canvas", {
      class: "dpw-timeline", role: "img", tabindex: "0", "aria-label": "Timeline: no run yet",
      title: "", onkeydown: (event) => this.#key(event),
      onpointermove: (event) => this.#move(event), onpointerdown: (event) => this.#grab(event),
      onpointerup: () => { this.grabbed = null; }, onpointercancel: () => { this.grabbed = null; },
      onpointerleave: () => this.#hover(null),
    });
    this.canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false, signal });
    this.tip = element("div", { class: "dpw-tip", hidden: true, "aria-hidden": "true" });
    const button = (text, title, onclick) => element("button", { type: "button", title, onclick }, text);
    this.follow = button("Follow", "Follow the run's end (End)", () => this.#followEnd());
    this.node = element("figure", { class: "dpw-figure dpw-timeline-figure" },
      element("div", { class: "dpw-bar dpw-timeline-bar" },
        element("span", { class: "dpw-heading" }, "Timeline"),
        button("−", "Zoom out (-)", () => this.#zoom(1.6)), button("+", "Zoom in (+)", () => this.#zoom(1 / 1.6)),
        button("Fit", "Show all spans that are kept (0)", () => this.#fit()), this.follow),
      element("div", { class: "dpw-timeline-frame" }, this.canvas, this.tip),
      this.#legend());
    const redraw = () => { this.colours = null; this.ask(); };
    link.addEventListener("progress", () => this.#came(), { signal });
    link.addEventListener("state", () => this.#stateChanged(), { signal });
    link.addEventListener("params", () => this.ask(), { signal });
    const watch = new ResizeObserver(redraw);
    watch.observe(this.node);
    const theme = new MutationObserver(() => setTimeout(redraw, 50)); // JupyterLab loads the new style first
    theme.observe(document.body, { attributes: true });
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", redraw, { signal });
    signal.addEventListener("abort", () => { watch.disconnect(); theme.disconnect(); });
    this.#stateChanged();
  }

  // --- what is shown

  #legend() {
    const list = element("ul", { class: "dpw-legend" });
    for (const [at, look] of this.looks.entries()) {
      if (look.kind === "transfer") continue; // the lab's training step uses no device
      list.append(element("li", { title: look.text }, this.swatch(at), look.kind));
    }
    return list;
  }

  /** A patch of the kind's colour and pattern. */
  swatch(at) {
    const canvas = element("canvas", { class: "dpw-swatch", width: 18, height: 14, "aria-hidden": "true" });
    const pen = canvas.getContext("2d");
    pen.fillStyle = pen.createPattern(tile(this.looks[at], 1), "repeat");
    pen.fillRect(0, 0, 18, 14);
    return canvas;
  }

  #lanes() {
    const run = this.link.state.run ?? this.link.params; // before the first run: the rows that it would have
    const lanes = [{ label: "training loop", worker: -1, loop: true }];
    if (run.num_workers === 0) return [...lanes, { label: "main process", worker: -1, loop: false }];
    for (let worker = 0; worker < run.num_workers; worker += 1) {
      lanes.push({ label: `worker ${worker}`, worker, loop: false });
    }
    return lanes;
  }

  /** Lanes with their place: {label, worker, loop, top, height}. */
  #placed() {
    const lanes = this.#lanes();
    const row = lanes.length > 9 ? 17 : lanes.length > 5 ? 24 : 30;
    let top = 0;
    return lanes.map((lane) => {
      const height = lane.loop ? LOOP_ROW : row;
      top += height;
      return { ...lane, top: top - height, height };
    });
  }

  #came() {
    if (this.following) this.to = this.#end();
    this.ask();
  }

  #stateChanged() {
    const { activity } = this.link.state;
    if (activity !== this.activity && ["running", "tuning"].includes(activity) && this.activity !== "stopping") {
      this.following = true;
      this.width = FIRST_SECONDS;
    }
    this.activity = activity;
    this.#hover(null);
    this.#came();
  }

  /** Where the last span ends, in seconds. */
  #last() { return this.link.spans.coarse.reduce((most, { end }) => Math.max(most, end), 0); }

  #end() { return Math.max(this.#last(), this.width); }

  // --- moving

  #room() { return Math.max(50, this.canvas.clientWidth - LABEL_WIDTH - 4); }

  #zoom(factor, at = 0.5) {
    const pivot = this.to - this.width * (1 - at);
    const longest = Math.max(this.#last(), FIRST_SECONDS) * 1.5;
    const width = Math.min(Math.max(this.width * factor, SHORTEST), longest);
    if (!this.following) this.to = pivot + width * (1 - at);
    this.width = width;
    this.ask();
  }

  #pan(share) {
    this.following = false;
    this.to = Math.min(Math.max(this.to + share * this.width, this.width * 0.2), this.#end() + this.width * 0.8);
    this.ask();
  }

  #fit() {
    const { coarse, fine } = this.link.spans;
    const spans = coarse.length ? coarse : fine;
    if (!spans.length) return;
    const start = spans.reduce((least, span) => Math.min(least, span.start), Infinity);
    this.following = false;
    this.to = spans.reduce((most, span) => Math.max(most, span.end), 0);
    this.width = Math.max(this.to - start, SHORTEST);
    this.ask();
  }

  #followEnd() {
    this.following = true;
    this.to = this.#end();
    this.ask();
  }

  #key(event) {
    const actions = {
      ArrowLeft: () => this.#pan(-0.1), ArrowRight: () => this.#pan(0.1), "+": () => this.#zoom(1 / 1.6),
      "=": () => this.#zoom(1 / 1.6), "-": () => this.#zoom(1.6), 0: () => this.#fit(), End: () => this.#followEnd(),
      Home: () => { this.following = false; this.to = this.width; this.ask(); },
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in actions)) return;
    event.preventDefault();
    actions[event.key]();
  }

  /** The page keeps its wheel until the timeline has the focus, or Ctrl is held. */
  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== this.canvas) return;
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      this.#pan((event.deltaX || event.deltaY) / this.#room());
      return;
    }
    const at = (event.offsetX - LABEL_WIDTH) / this.#room();
    this.#zoom(Math.exp(Math.min(Math.max(event.deltaY, -120), 120) / 300), Math.min(Math.max(at, 0), 1));
  }

  #grab(event) {
    if (event.button !== 0) return;
    this.grabbed = { x: event.offsetX, to: this.to };
    this.canvas.setPointerCapture(event.pointerId);
  }

  #move(event) {
    if (!this.grabbed) {
      this.#hover(this.#spanAt(event.offsetX, event.offsetY), event);
      return;
    }
    const moved = (this.grabbed.x - event.offsetX) / this.#room();
    if (Math.abs(this.grabbed.x - event.offsetX) < 3 && this.following) return; // a click, to take the focus
    this.to = this.grabbed.to;
    this.#hover(null);
    this.#pan(moved);
  }

  // --- which span is under the pointer

  #spanAt(x, y) {
    const lane = this.#placed().find(({ top, height }) => y >= top && y < top + height);
    if (!lane || x < LABEL_WIDTH) return null;
    const scale = this.#room() / this.width;
    const at = this.to - this.width + (x - LABEL_WIDTH) / scale;
    const near = 1.5 / scale;
    const low = y > lane.top + lane.height - 8;
    const found = this.#visible(lane).filter(({ start, end }) => at >= start - near && at <= end + near);
    const handed = found.filter(({ kind }) => this.#kind(kind) === "hand-over");
    if (low && handed.length) return handed.at(-1);
    return found.filter((span) => !handed.includes(span)).at(-1) ?? null;
  }

  /** Spans of a lane in the order in which they are drawn: batches, items, transforms, hand-overs. */
  #visible(lane) {
    const from = this.to - this.width;
    const { coarse, fine } = this.link.spans;
    const workerless = this.link.state.run?.num_workers === 0; // then the loop's process loads, in a row of its own
    const depth = (span) => span.fine + 2 * (this.#kind(span.kind) === "transform") + 4 * (this.#kind(span.kind) === "hand-over");
    return [...coarse, ...fine]
      .filter(({ worker, kind, start, end }) => worker === lane.worker && end >= from && start <= this.to
        && (lane.worker >= 0 || (!workerless || LOOP_KINDS.has(this.#kind(kind))) === lane.loop))
      .sort((one, other) => depth(one) - depth(other));
  }

  #kind(at) { return this.looks[at].kind; }

  #hover(span, event) {
    if (span !== this.hovered) this.ask();
    this.hovered = span;
    this.tip.hidden = !span;
    if (!span) return;
    this.tip.replaceChildren(...tellSpan(span, this.#kind(span.kind)).map((line) => element("div", {}, line)));
    const left = Math.min(event.offsetX + 14, this.canvas.clientWidth - this.tip.offsetWidth - 2);
    this.tip.style.transform = `translate(${Math.max(0, left)}px, ${event.offsetY + 18}px)`;
  }

  // --- drawing

  /** Draw soon, once, however often asked. */
  ask() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => { this.asked = false; this.#draw(); });
  }

  #draw() {
    const lanes = this.#placed();
    const height = lanes.at(-1).top + lanes.at(-1).height + AXIS;
    const { canvas } = this;
    const dense = window.devicePixelRatio || 1;
    canvas.style.height = `${height}px`;
    const width = canvas.clientWidth;
    if (!width) return;
    if (canvas.width !== Math.round(width * dense) || canvas.height !== Math.round(height * dense)) {
      canvas.width = Math.round(width * dense);
      canvas.height = Math.round(height * dense);
    }
    const style = getComputedStyle(canvas);
    this.colours ??= ["--dpw-ink", "--dpw-ink-soft", "--dpw-lane"].map((name) => resolved(canvas, name));
    const [ink, soft, ground] = this.colours;
    const pen = canvas.getContext("2d");
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.font = `12px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    const room = this.#room();
    const from = this.to - this.width;
    const place = (time) => LABEL_WIDTH + ((time - from) / this.width) * room;
    for (const lane of lanes) {
      pen.fillStyle = lane.loop ? ink : soft;
      pen.textAlign = "right";
      this.#drawLabel(pen, lane, soft);
      pen.fillStyle = ground;
      pen.fillRect(LABEL_WIDTH, lane.top + 2, room, lane.height - 4);
    }
    this.#drawAxis(pen, from, place, height, soft);
    pen.save();
    pen.beginPath();
    pen.rect(LABEL_WIDTH, 0, room, height);
    pen.clip();
    for (const lane of lanes) this.#drawLane(pen, lane, place, dense, ink);
    pen.restore();
    this.follow.setAttribute("aria-pressed", String(this.following));
    canvas.dataset.drawn = Number(canvas.dataset.drawn ?? 0) + 1;
    canvas.dataset.spans = this.link.spans.coarse.length + this.link.spans.fine.length;
    canvas.dataset.from = from.toFixed(4);
    canvas.dataset.to = this.to.toFixed(4);
  }

  /** The row's name, and where there is room for it the private memory of its process. */
  #drawLabel(pen, { label, worker, loop, top, height }, soft) {
    const middle = top + height / 2;
    const used = this.link.figures.live?.memory?.[worker];
    const workerless = this.link.state.run?.num_workers === 0;
    if (!used || height < 24 || (workerless && loop)) {
      pen.fillText(label, LABEL_WIDTH - 10, middle);
      return;
    }
    pen.fillText(label, LABEL_WIDTH - 10, middle - 6);
    const { font } = pen;
    pen.font = font.replace("12px", "10px");
    pen.fillStyle = soft;
    pen.fillText(megabytes(used), LABEL_WIDTH - 10, middle + 7);
    pen.font = font;
  }

  #drawLane(pen, lane, place, dense, ink) {
    for (const span of this.#visible(lane)) {
      const box = this.#box(span, lane, place);
      pen.fillStyle = this.#texture(pen, span.kind, dense);
      pen.fillRect(...box);
      if (span === this.hovered) {
        pen.strokeStyle = ink;
        pen.lineWidth = 2;
        pen.strokeRect(box[0] - 1, box[1] - 1, box[2] + 2, box[3] + 2);
      }
    }
  }

  /** Within a fetch its transforms are lower; a hand-over, which may overlap all else, is a strip below. */
  #box({ kind, start, end }, lane, place) {
    const left = place(start);
    const width = Math.max(1, place(end) - left - (place(end) - left > 3 ? 0.6 : 0));
    const top = lane.top + 2;
    const full = lane.height - 4;
    if (this.#kind(kind) === "hand-over") return [left, top + full - 4, width, 4];
    if (lane.loop) return [left, top, width, full];
    const upper = full - 5;
    if (this.#kind(kind) === "transform") return [left, top + Math.round(upper * 0.35), width, upper - Math.round(upper * 0.35)];
    return [left, top, width, upper];
  }

  #texture(pen, at, dense) {
    const key = `${at} ${dense}`;
    if (!this.textures.has(key)) {
      const pattern = pen.createPattern(tile(this.looks[at], Math.ceil(dense)), "repeat");
      pattern.setTransform(new DOMMatrix().scale(1 / Math.ceil(dense)));
      this.textures.set(key, pattern);
    }
    return this.textures.get(key);
  }

  #drawAxis(pen, from, place, height, soft) {
    const unit = 10 ** Math.floor(Math.log10(this.width / 4));
    const most = Math.max(2, Math.min(8, this.#room() / 80));
    const step = [1, 2, 5, 10, 20].map((factor) => unit * factor).find((each) => this.width / each <= most) ?? unit * 50;
    pen.textAlign = "center";
    const fine = step < 0.01; // seconds with three digits say little: milliseconds
    for (let tick = Math.ceil(Math.max(from, 0) / step) * step; tick <= this.to; tick += step) {
      const x = place(tick);
      pen.fillStyle = soft;
      pen.fillRect(x, height - AXIS, 1, 4);
      const text = fine ? `${Number((tick * 1000).toFixed(2))} ms` : `${Number(tick.toFixed(3))} s`;
      if (x > LABEL_WIDTH + 12 && x < LABEL_WIDTH + this.#room() - 14) pen.fillText(text, x, height - 10);
    }
  }
}

/** The kind's pattern, 8 by 8 points of `scale` pixels. */
function tile({ colour, ink, pattern }, scale) {
  const canvas = element("canvas", { width: 8 * scale, height: 8 * scale });
  const pen = canvas.getContext("2d");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 8 * scale, 8 * scale);
  pen.fillStyle = ink;
  pattern.forEach((line, y) => [...line].forEach((mark, x) => {
    if (mark === "#") pen.fillRect(x * scale, y * scale, scale, scale);
  }));
  return canvas;
}

/** A colour variable as the browser computes it: a canvas understands neither var() nor color-mix(). */
function resolved(node, variable) {
  const probe = element("span", { style: `color: var(${variable}); display: none` });
  node.after(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** What a span is, in lines. */
function tellSpan({ worker, start, end, batch, item, name, cpu }, kind) {
  const milliseconds = (seconds) => (seconds * 1000).toFixed(seconds < 0.01 ? 2 : seconds < 1 ? 1 : 0);
  const lines = [`${kind}${name ? ` ${name}` : ""}: ${milliseconds(end - start)} ms`];
  const of = [worker < 0 ? "main process" : `worker ${worker}`];
  if (batch >= 0) of.push(`batch ${batch}`);
  if (item >= 0) of.push(`item ${item}`);
  lines.push(of.join(", "));
  if (cpu > 0) lines.push(`processor ${milliseconds(cpu)} ms`);
  return lines;
}
