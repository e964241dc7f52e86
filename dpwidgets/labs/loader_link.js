/**
 * The wire between a loader lab in this page and its kernel. Settings go out one request at a time, the
 * newest values win. A run's spans and figures come as messages and are gathered here, so that all views
 * of the lab in this page show the same; none of it is saved with the notebook.
 *
 * Events for the views:
 *   params (the settings changed), state (a run began or ended), progress (figures and spans came),
 *   problem (something failed, or "" when it works again), waiting (the kernel is slow, or not),
 *   lost (there is no kernel any more).
 */
const KEPT_SPANS = 1500; // of each sort
const COLUMNS = 9; // kind, worker, start, end, batch, item, name, cpu, fine
const BUSY_MS = 2000; // unanswered for this long: tell the reader

class LoaderLink extends EventTarget {
  constructor(model) {
    super();
    this.model = model;
    this.client = Math.random().toString(36).slice(2);
    this.params = structuredClone(model.get("settings"));
    this.sent = this.answered = 0;
    this.fresh = this.lost = this.waiting = false;
    this.state = { activity: "idle", trials: [], searched: [], proposal: null, run: null, problem: "" };
    this.figures = { live: null, seconds: {} };
    this.spans = { coarse: [], fine: [] };
    this.onMessage = (message, buffers) => this.#receive(message, buffers);
    this.onSettings = () => this.#settled();
    model.on("msg:custom", this.onMessage);
    model.on("change:settings", this.onSettings);
    this.#send({ kind: "hello" });
  }

  close() {
    this.model.off("msg:custom", this.onMessage);
    this.model.off("change:settings", this.onSettings);
    clearTimeout(this.busyTimer);
  }

  /** The reader changed `params`. */
  touch() {
    this.fresh = true;
    this.#tell("params");
    if (this.sent === this.answered) this.#ask("params");
  }

  rest() {} // of a slider: there is no preview to replace

  reset() {
    this.params = structuredClone(this.model.get("initial"));
    this.touch();
  }

  run() { this.#ask("run"); }
  tune() { this.#ask("tune"); }
  stop() { this.#send({ kind: "stop" }); }

  #ask(kind) {
    this.fresh = false;
    this.sent += 1;
    this.#tell("problem", "");
    this.#send({ kind, client: this.client, request: this.sent, params: this.params });
    if (this.lost) return;
    clearTimeout(this.busyTimer);
    this.busyTimer = setTimeout(() => this.#setWaiting(true), BUSY_MS);
  }

  #send(message) {
    if (this.lost) return;
    try {
      this.model.send(message);
    } catch { // the channel of a restarted kernel is closed for good
      this.lost = true;
      clearTimeout(this.busyTimer);
      this.#setWaiting(false);
      this.#tell("lost");
    }
  }

  #receive(message, [bytes] = []) {
    if (message.kind === "seen") return this.#seen(message);
    if (message.kind === "problem") return this.#tell("problem", message.text);
    if (message.kind !== "state" && message.kind !== "progress") return;
    if (message.kind === "state") {
      this.state = message;
      this.spans = { coarse: [], fine: [] };
    }
    this.figures = message;
    this.#takeIn(bytes, message.names);
    this.#tell(message.kind);
    if (message.kind === "state") this.#tell("problem", message.problem);
  }

  #seen({ client, request }) {
    if (client !== this.client) return;
    this.answered = Math.max(this.answered, request);
    clearTimeout(this.busyTimer);
    this.#setWaiting(false);
    if (this.fresh) this.#ask("params");
    else this.#settled(); // a refused value goes back to the one in force
  }

  #settled() {
    if (this.fresh || this.sent !== this.answered) return; // the reader is ahead of the kernel
    const settings = this.model.get("settings");
    if (JSON.stringify(settings) === JSON.stringify(this.params)) return;
    this.params = structuredClone(settings);
    this.#tell("params");
  }

  #takeIn(bytes, names) {
    const view = bytes instanceof ArrayBuffer ? new DataView(bytes) : bytes;
    const rows = new Float64Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
    for (let at = 0; at < rows.length; at += COLUMNS) {
      const [kind, worker, start, end, batch, item, name, cpu, fine] = rows.subarray(at, at + COLUMNS);
      this.spans[fine ? "fine" : "coarse"].push({ kind, worker, start, end, batch, item, name: names[name], cpu, fine });
    }
    for (const level of ["coarse", "fine"]) {
      const spans = this.spans[level];
      if (spans.length > KEPT_SPANS) this.spans[level] = spans.slice(-KEPT_SPANS);
    }
  }

  #setWaiting(waiting) {
    if (this.waiting === waiting) return;
    this.waiting = waiting;
    this.#tell("waiting", waiting);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
