/**
 * The frame around every lab: controls on the left, one picture on the right, below it what the
 * reader can take home. `buildControls(link, model, signal)` returns the nodes of the left side, `buildBelow`
 * those right below the picture; `makes` says what the copied code makes.
 */
function labView(buildControls, { makes = "this result", buildBelow = () => [] } = {}) {
  return () => {
    let link;
    return {
      initialize({ model }) {
        link = new Link(model);
        return () => link.close();
      },
      render({ model, el }) {
        const ending = new AbortController();
        const { signal } = ending;
        const controls = element("fieldset", { class: "dpw-controls" },
          element("legend", { class: "dpw-unseen" }, "Settings"), ...buildControls(link, model, signal));
        const home = takeHome(link, model, signal, makes);
        const root = element("div", { class: "dpw-lab", role: "group", "aria-label": model.get("title") },
          element("div", { class: "dpw-frame" }, controls, element("div", { class: "dpw-stage" },
            connectionNote(el, [controls, home.reset], link, signal), pictureFigure(link, signal),
            ...buildBelow(link, model, signal), problemBox(link, signal), home.node)));
        el.append(root);
        return () => ending.abort();
      },
    };
  };
}

/** The picture, with its text for those who do not see it and the cost for those who do. */
function pictureFigure(link, signal) {
  const preview = element("canvas", { class: "dpw-preview", "aria-hidden": "true", hidden: true });
  const brush = preview.getContext("2d", { alpha: false });
  const picture = element("img", { class: "dpw-picture", decoding: "sync", draggable: "false" });
  const spoken = element("p", { class: "dpw-unseen", role: "status" });
  const notes = element("figcaption", { class: "dpw-notes" });
  const cost = element("span", { class: "dpw-cost" });
  const waiting = element("span", { class: "dpw-waiting", role: "status" });
  /** The preview lies over the last full picture, whose size and text it keeps. */
  const show = () => {
    preview.hidden = !link.preview;
    if (link.picture && picture.src !== link.picture.image.src) {
      const { image, caption } = link.picture;
      picture.src = image.src;
      picture.width = caption.width;
      picture.height = caption.height;
      picture.alt = spoken.textContent = caption.alt;
      notes.textContent = caption.notes.join(" · ");
    }
    if (link.preview) {
      const { width, height } = link.preview;
      if (preview.width !== width || preview.height !== height) Object.assign(preview, { width, height });
      brush.drawImage(link.preview, 0, 0);
    }
  };
  link.addEventListener("frame", show, { signal });
  link.addEventListener("cost", ({ detail }) => { cost.textContent = detail; }, { signal });
  link.addEventListener("waiting", ({ detail }) => {
    waiting.textContent = detail
      ? "The kernel is busy; the picture will follow. If it was restarted, run this cell again." : "";
  }, { signal });
  show();
  return element("figure", { class: "dpw-figure" }, element("div", { class: "dpw-screen" }, preview, picture),
    element("div", { class: "dpw-below" }, cost, notes, waiting), spoken);
}

function problemBox(link, signal) {
  const box = element("pre", { class: "dpw-problem", role: "alert", hidden: true });
  link.addEventListener("problem", ({ detail }) => {
    if (box.textContent === detail) return;
    box.textContent = detail;
    box.hidden = !detail;
  }, { signal });
  return box;
}

/**
 * A restarted kernel, or a notebook opened without one, leaves the view alone with its last picture: without
 * it `parts` are disabled.
 */
function connectionNote(el, parts, link, signal) {
  const note = element("p", { class: "dpw-offline", role: "status", hidden: true });
  const look = () => {
    const offline = link.lost || el.classList.contains("jupyter-widgets-disconnected");
    for (const part of parts) part.disabled = offline;
    note.hidden = !offline;
    note.textContent = offline ? "Not connected to a kernel. Run this cell to bring the lab to life." : "";
  };
  const watch = new MutationObserver(look);
  watch.observe(el, { attributes: true, attributeFilter: ["class"] });
  signal.addEventListener("abort", () => watch.disconnect());
  link.addEventListener("lost", look, { signal });
  look();
  return note;
}

/** Reset, and the code that makes the same result without the lab: {node, reset}. */
function takeHome(link, model, signal, makes) {
  const code = element("pre", { tabindex: "0", class: "dpw-code", "aria-label": "Code of this result" });
  const details = element("details", { class: "dpw-details" }, element("summary", {}, "Code"), code);
  const said = element("span", { class: "dpw-said", role: "status" });
  const show = () => { code.textContent = model.get("code"); said.textContent = ""; };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(model.get("code"));
      said.textContent = "Copied.";
    } catch { // no permission, or a page without https: select it, and the reader copies
      details.open = true;
      code.focus();
      getSelection().selectAllChildren(code);
      said.textContent = "Selected: press Ctrl+C (⌘C) to copy.";
    }
  };
  const reset = element("button", { type: "button", title: "Back to the values the lab started with",
    onclick: () => link.reset() }, "Reset");
  const copyButton = element("button", { type: "button", onclick: copy,
    title: `Plain Python that makes ${makes}, to your clipboard` }, "Copy as code");
  const onCode = () => show();
  model.on("change:code", onCode);
  signal.addEventListener("abort", () => model.off("change:code", onCode));
  show();
  const node = element("div", { class: "dpw-take-home" },
    element("div", { class: "dpw-bar" }, reset, copyButton, said), details);
  return { node, reset };
}
