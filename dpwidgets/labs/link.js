/**
 * The wire between one lab in this page and its engine in the kernel. The newest values win:
 * at most MAX_IN_FLIGHT requests are unanswered, and what changes meanwhile goes out together
 * when a picture has come back. While the hand moves the kernel sends small previews (custom
 * messages); when it rests, the full picture arrives as the widget's own, saved state. The full
 * picture waits for the last preview, which shows the last value sooner.
 *
 * All views of the widget in this page share one Link. Events for the views:
 *   frame (a picture is ready to be shown), params (they changed),
 *   problem (the engine failed, or "" when it works again), cost (what the last picture took),
 *   waiting (the kernel is slow, or not), lost (there is no kernel any more).
 */
const MAX_IN_FLIGHT = 2;
const REST_MS = 150; // no event for this long: the hand rests
const PATIENCE_MS = 2000; // unanswered for this long: tell the reader
const LOST_MS = 15000; // unanswered for this long: the request is lost, send the newest again

class Link extends EventTarget {
  constructor(model) {
    super();
    this.model = model;
    this.client = Math.random().toString(36).slice(2); // two browser tabs may share a kernel
    this.params = structuredClone(model.get("settings"));
    this.sent = this.answered = 0;
    this.fresh = false; // are there values that no request has carried yet?
    this.gliding = false; // did they come from a hand that moves? Then a preview shows them first.
    this.moving = false; // is it still moving?
    this.full = false; // is the full picture wanted?
    this.shown = -1;
    this.picture = null; // the last full one: {image, caption}
    this.preview = null; // the bitmap that lies over it, if any: far cheaper for the browser than an `img`
    this.waiting = this.lost = this.closed = false;
    this.onMessage = (message, buffers) => this.#receive(message, buffers);
    this.onCaption = () => this.#settled();
    model.on("msg:custom", this.onMessage);
    model.on("change:caption", this.onCaption);
    this.#settled();
  }

  close() {
    this.closed = true;
    this.model.off("msg:custom", this.onMessage);
    this.model.off("change:caption", this.onCaption);
    clearTimeout(this.restTimer);
    clearTimeout(this.patienceTimer);
    clearTimeout(this.lostTimer);
    release(this.preview);
    release(this.picture?.image);
  }

  /** The reader changed `params`. `moving`: more of the same is likely to follow at once. */
  touch(moving = false) {
    this.fresh = true;
    this.moving = this.gliding = moving;
    this.full = !moving;
    this.#tell("params"); // the other views
    clearTimeout(this.restTimer);
    if (moving) this.restTimer = setTimeout(() => this.rest(), REST_MS);
    this.#flush();
  }

  /** The hand rests, or the pointer let go: the full picture is wanted now. */
  rest() {
    if (!this.moving) return;
    this.moving = false;
    this.full = true;
    clearTimeout(this.restTimer);
    this.#flush();
  }

  reset() {
    this.params = structuredClone(this.model.get("initial"));
    this.touch();
  }

  #flush() {
    const inFlight = this.sent - this.answered;
    if (this.lost || this.closed) return;
    if (this.fresh && this.gliding && inFlight < MAX_IN_FLIGHT) this.#send(true);
    else if (this.full && inFlight === 0) this.#send(false);
  }

  #send(moving) {
    this.fresh = false;
    if (!moving) this.full = false;
    this.sent += 1;
    try {
      this.model.send({ kind: "params", client: this.client, request: this.sent, moving, params: this.params });
    } catch { // the channel of a restarted kernel is closed for good
      this.lost = true;
      this.answered = this.sent; // nobody will answer
      this.#watch();
      this.#tell("lost");
      return;
    }
    this.#watch();
  }

  /** Notice a kernel that does not answer. */
  #watch() {
    clearTimeout(this.patienceTimer);
    clearTimeout(this.lostTimer);
    if (this.closed) return;
    if (this.sent === this.answered) return this.#setWaiting(false);
    this.patienceTimer = setTimeout(() => this.#setWaiting(true), PATIENCE_MS);
    this.lostTimer = setTimeout(() => { this.answered = this.sent; this.touch(); }, LOST_MS);
  }

  #setWaiting(waiting) {
    if (this.waiting === waiting) return;
    this.waiting = waiting;
    this.#tell("waiting", waiting);
  }

  async #receive(message, [bytes] = []) {
    if (message.kind === "frame") await this.#show(message, bytes);
    else if (message.kind === "problem") this.#tell("problem", message.text);
    if (message.cost) this.#tell("cost", message.cost);
    this.#answer(message.seen);
  }

  /** The kernel settled on a picture: through our request, another tab's, or `lab.set(...)`. */
  async #settled() {
    const caption = this.model.get("caption");
    const settings = this.model.get("settings");
    await this.#show(caption, this.model.get("frame"));
    this.#answer(caption.seen);
    if (this.fresh || this.full || this.sent !== this.answered) return; // the reader is ahead of the kernel
    if (JSON.stringify(this.params) === JSON.stringify(settings)) return;
    this.params = structuredClone(settings);
    this.#tell("params");
  }

  #answer(seen) {
    this.answered = Math.max(this.answered, seen?.[this.client] ?? 0);
    this.#watch();
    this.#flush();
  }

  /** Decode first, then let the views swap: no blank, no half-drawn picture. */
  async #show(caption, bytes) {
    const file = new Blob([bytes]); // JPEG or PNG: the browser looks
    const moving = caption.kind === "frame";
    let decoded;
    try {
      decoded = await (moving ? createImageBitmap(file) : imageOf(file));
    } catch {
      return; // not a picture
    }
    if (this.closed || caption.number < this.shown) return release(decoded); // a later one overtook it
    this.shown = caption.number;
    const before = [this.preview];
    if (!moving) {
      before.push(this.picture?.image);
      this.picture = { image: decoded, caption };
    }
    this.preview = moving ? decoded : null;
    this.#tell("frame");
    this.#tell("problem", "");
    before.forEach(release);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

async function imageOf(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
  } catch (error) {
    release(image);
    throw error;
  }
  return image;
}

function release(decoded) {
  if (decoded instanceof ImageBitmap) decoded.close();
  else if (decoded) URL.revokeObjectURL(decoded.src);
}
