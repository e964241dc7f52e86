/** The repair lab's left side. Which columns can be shown depends on the table: `catalogue`, name -> columns. */
function repairControls(link, model, signal) {
  const { nodes, refresh } = controlGroup(model.get("controls"), link);
  const columns = nodes.find((node) => node.dataset.name === "column").querySelector("select");
  const catalogue = model.get("catalogue");
  let listed = null;
  const show = () => {
    const { table } = link.params;
    if (listed !== table) {
      columns.replaceChildren(...catalogue[table].map((name) => element("option", { value: name }, name)));
      listed = table;
    }
    refresh();
  };
  link.addEventListener("params", show, { signal });
  show();
  return [element("div", { class: "dpw-globals" }, ...nodes)];
}

export default labView(repairControls, { makes: "this repaired table" });
