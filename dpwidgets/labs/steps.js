/**
 * The editor of `link.params.steps`, a list of {op, on, p, values}: one card per step, in order, to switch on
 * and off, move, remove and add. The operations are described in the trait `catalogue`, a list of
 * {key, title, group, help, label_risk, p, parameters}; where `p` is null the steps have no probability.
 */
function pipelineEditor(link, model) {
  const catalogue = new Map(model.get("catalogue").map((operation) => [operation.key, operation]));
  const list = element("ol", { class: "dpw-steps", "aria-label": "Operations, in the order in which they run" });
  let unfolded = link.params.steps.map((_, at) => at === 0); // beside link.params.steps: is the card open?
  let cards = [];

  const rebuild = () => {
    cards = link.params.steps.map((_, at) => stepCard(at));
    list.replaceChildren(...cards.map(({ node }) => node));
  };
  /** Same operations in the same order: keep the nodes (and the focus), show the new values. */
  const refresh = () => {
    const same = cards.length === link.params.steps.length
      && cards.every(({ op }, at) => op === link.params.steps[at].op);
    if (same) {
      for (const card of cards) card.refresh();
    } else {
      unfolded = link.params.steps.map(() => false);
      rebuild();
    }
  };
  /** After a move the focus stays on the button that moved the card. */
  const restructure = (change, at, button) => {
    for (const steps of [link.params.steps, unfolded]) change(steps);
    rebuild();
    (cards[at]?.node.querySelector(button) ?? wanted).focus();
    link.touch();
  };

  const stepCard = (at) => {
    const { op } = link.params.steps[at];
    const operation = catalogue.get(op);
    const step = () => link.params.steps[at];
    const title = operation.title;
    const bodyId = newId("step");

    const power = element("input", { type: "checkbox", role: "switch", class: "dpw-switch",
      "aria-label": `${title}: on`, title: "On or off",
      onchange: () => { step().on = power.checked; card.refresh(); link.touch(); } });
    const summary = element("span", { class: "dpw-summary" });
    const fold = element("button", { type: "button", class: "dpw-fold", "aria-controls": bodyId,
      title: operation.help, onclick: () => {
        unfolded[at] = !unfolded[at];
        card.refresh();
      } }, element("span", { class: "dpw-step-title" }, title), summary);
    const tool = (name, sign, help, act, disabled) => element("button", { type: "button", disabled,
      class: `dpw-tool dpw-${name}`, title: help, "aria-label": `${title}: ${help.toLowerCase()}`,
      onclick: act }, sign);
    const swap = (to, button) => restructure((steps) => {
      [steps[at], steps[to]] = [steps[to], steps[at]];
    }, to, button);
    const last = link.params.steps.length - 1;
    const tools = [
      tool("up", "↑", "Move up", () => swap(at - 1, at > 1 ? ".dpw-up" : ".dpw-down"), at === 0),
      tool("down", "↓", "Move down", () => swap(at + 1, at + 1 < last ? ".dpw-down" : ".dpw-up"), at === last),
      tool("remove", "✕", "Remove", () => restructure((steps) => steps.splice(at, 1), Math.min(at, last - 1),
        ".dpw-remove"), false),
    ];

    const probability = { name: "p", label: "probability", kind: "slider", min: 0, max: 1, step: 0.05,
      percent: true, unit: "", help: "How often the operation is applied to an image" };
    const chance = operation.p == null ? [] : [probability];
    const fields = [...chance.map((spec) => control(spec, step, link)),
      ...operation.parameters.map((spec) => control(spec, () => step().values, link))];
    const body = element("div", { class: "dpw-step-body", id: bodyId },
      ...fields.map(({ node }) => node),
      ...(operation.label_risk ? [element("p", { class: "dpw-risk" }, operation.label_risk)] : []));

    const card = {
      op,
      node: element("li", { class: "dpw-step" }, element("div", { role: "group", "aria-label": title },
        element("div", { class: "dpw-step-head" }, power, fold, ...tools), body)),
      refresh() {
        const { on, p, values } = step();
        power.checked = on;
        card.node.classList.toggle("dpw-off", !on);
        body.hidden = !unfolded[at] || body.childElementCount === 0;
        fold.setAttribute("aria-expanded", String(!body.hidden));
        const parts = operation.parameters.slice(0, 1).map((spec) => shownValue(spec, values[spec.name]));
        if (p < 1) parts.push(`p ${shownValue(probability, p)}`);
        const said = on ? parts.join(", ") : "off";
        if (said !== summary.textContent) summary.textContent = said;
        for (const field of fields) field.refresh();
      },
    };
    card.refresh();
    return card;
  };

  const wanted = element("select", { "aria-label": "Add an operation",
    title: "The operation that Add puts at the end of the pipeline",
    onchange: () => { add.disabled = !wanted.value; } }, element("option", { value: "" }, "Add an operation …"));
  // A button of its own: arrow keys go through the operations one by one, and none may be added on the way.
  const add = element("button", { type: "button", disabled: true,
    title: "Add the chosen operation at the end of the pipeline", onclick: () => {
      const operation = catalogue.get(wanted.value);
      wanted.value = "";
      add.disabled = true;
      const values = Object.fromEntries(operation.parameters.map(({ name, default: value }) => [name, value]));
      const chance = operation.p == null ? {} : { p: operation.p };
      link.params.steps.push({ op: operation.key, on: true, ...chance, values });
      unfolded.push(true);
      restructure(() => {}, link.params.steps.length - 1, ".dpw-fold");
    } }, "Add");
  for (const [group, operations] of Map.groupBy(catalogue.values(), ({ group }) => group)) {
    wanted.append(element("optgroup", { label: group },
      ...operations.map(({ key, title, help }) => element("option", { value: key, title: help }, title))));
  }
  rebuild();
  return { node: element("div", { class: "dpw-pipeline" }, list,
    element("div", { class: "dpw-adding" }, wanted, add)), refresh };
}

/** A left side with the described controls first, then the pipeline, one card per operation. */
function controlsAndPipeline(link, model, signal) {
  const globals = controlGroup(model.get("controls"), link);
  const pipeline = pipelineEditor(link, model);
  link.addEventListener("params", () => {
    globals.refresh();
    pipeline.refresh();
  }, { signal });
  return [element("div", { class: "dpw-globals" }, ...globals.nodes), pipeline.node];
}
