/** The pipeline stepper: what to start from, the pipeline, and below the picture what there is to tell. */
function stepperControls(link, model, signal) {
  const globals = controlGroup(model.get("controls"), link);
  const pipeline = pipelineEditor(link, model);
  link.addEventListener("params", () => {
    globals.refresh();
    pipeline.refresh();
  }, { signal });
  return [element("div", { class: "dpw-globals" }, ...globals.nodes), pipeline.node];
}

/** The findings of the settled picture: where, what happened, and the cure. */
function findingsList(link, model, signal) {
  const list = element("ul", { class: "dpw-findings", "aria-label": "What the steps did" });
  let shown = null;
  const show = () => {
    const caption = link.picture?.caption;
    if (!caption || caption === shown) return;
    shown = caption;
    list.replaceChildren(...caption.more.findings.map(({ sign, where, name, sentence, cure }) =>
      element("li", { class: sign === "✕" ? "dpw-finding dpw-fails" : "dpw-finding" },
        element("p", {}, element("strong", {}, `${sign} ${where}: ${name}. `), sentence),
        element("p", { class: "dpw-cure" }, element("strong", {}, "Cure: "), cure))));
  };
  link.addEventListener("frame", show, { signal });
  show();
  return [list];
}

export default labView(stepperControls, { makes: "this result", buildBelow: findingsList });
