/** The settled picture's variants as text, in any script, to read out and to copy. */
function variantList(link, model, signal) {
  const list = element("ol", { class: "dpw-variants", "aria-label": "Variants" });
  const said = element("span", { class: "dpw-said", role: "status" });
  let shown = null;
  const show = () => {
    const caption = link.picture?.caption;
    if (!caption || caption === shown) return;
    shown = caption;
    said.textContent = "";
    list.replaceChildren(...caption.more.variants.map(({ pieces, reasons }) => element("li", {},
      element("p", { dir: "auto" }, ...pieces.flatMap(pieceNodes)),
      ...reasons.map((reason) => element("p", { class: "dpw-reason" }, `⚠ ${reason}`)))));
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(shown.more.variants.map(({ text }) => text).join("\n"));
      said.textContent = "Copied.";
    } catch { // no permission, or a page without https
      said.textContent = "This page may not copy: the sentences are lab.result.";
    }
  };
  const button = element("button", { type: "button", onclick: copy, title: "One a line, without the marks" },
    "Copy the sentences");
  link.addEventListener("frame", show, { signal });
  show();
  return [list, element("div", { class: "dpw-bar" }, button, said)];
}

/** A word as its fate says, with what is read out to those who do not see the mark. */
function pieceNodes([kind, before, after, gap]) {
  const told = (tag, text, what) => element(tag, { title: what },
    element("span", { class: "dpw-unseen", dir: "ltr" }, `[${what}] `), text);
  const nodes = {
    kept: () => [after],
    deleted: () => [told("del", before, "deleted")],
    inserted: () => [told("ins", after, "inserted")],
    replaced: () => [told("del", before, "replaced"), " ", told("ins", after, "by")],
    moved: () => [told("mark", after, before === after ? "moved" : `moved, was ${before}`)],
  }[kind]();
  return [...nodes, gap];
}

export default labView(controlsAndPipeline, { makes: "these sentences", buildBelow: variantList });
