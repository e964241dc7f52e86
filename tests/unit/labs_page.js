/** A page that plays the kernel for a lab's view: the test decides what is answered, and when. */
class FakeModel {
  constructor(state) {
    this.state = state;
    this.listeners = new Map();
    this.sent = [];
  }
  get(name) { return this.state[name]; }
  on(event, listener) { this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]); }
  off(event, listener) {
    this.listeners.set(event, (this.listeners.get(event) ?? []).filter((other) => other !== listener));
  }
  send(message) {
    if (this.dead) throw new Error("Cannot send");
    this.sent.push(structuredClone(message));
  }
  emit(event, ...values) { for (const listener of this.listeners.get(event) ?? []) listener(...values); }
  message(content, buffers = []) { this.emit("msg:custom", content, buffers); }
  update(state) {
    Object.assign(this.state, state);
    for (const name of Object.keys(state)) this.emit(`change:${name}`);
  }
}

const bytes = (base64) => new DataView(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);

window.open_lab = async ({ esm, css, state, views = 1 }) => {
  document.body.replaceChildren();
  const style = document.createElement("style");
  style.textContent = css;
  document.body.append(style);
  const { default: widget } = await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
  state.frame = bytes(state.frame);
  window.model = new FakeModel(state);
  const { initialize, render } = await widget();
  window.closing = await initialize({ model });
  window.els = [];
  window.endings = [];
  for (let view = 0; view < views; view += 1) {
    const el = document.createElement("div");
    document.body.append(el);
    els.push(el);
    endings.push(await render({ model, el }));
  }
};

window.number = 1;
/** The kernel's answers to request `request`: a preview, or a settled picture. */
window.preview = (request, picture) => {
  const seen = { [model.sent[0].client]: request };
  number += 1;
  model.message({ kind: "frame", number, seen }, [bytes(picture)]);
};
window.settle = (request, picture, more = {}) => {
  const seen = request ? { [model.sent[0].client]: request } : {};
  number += 1;
  const caption = { ...model.state.caption, ...more.caption, number, seen };
  const settings = more.settings ?? (request ? model.sent[request - 1].params : model.state.settings);
  model.update({ frame: bytes(picture), settings: structuredClone(settings), caption });
};
