/** The image lab's left side: what to look at, then the pipeline, one card per operation. */
function imageControls(link, model, signal) {
  const globals = controlGroup(model.get("controls"), link);
  const pipeline = pipelineEditor(link, model);
  link.addEventListener("params", () => {
    globals.refresh();
    pipeline.refresh();
  }, { signal });
  return [element("div", { class: "dpw-globals" }, ...globals.nodes), pipeline.node];
}

export default labView(imageControls, { makes: "these pictures" });
