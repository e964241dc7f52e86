/** A lab whose controls are all described in the trait `controls`. */
export default labView((link, model, signal) => {
  const { nodes, refresh } = controlGroup(model.get("controls"), link);
  link.addEventListener("params", refresh, { signal });
  return [element("div", { class: "dpw-globals" }, ...nodes)];
});
