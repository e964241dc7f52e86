/**
 * Native, labelled form controls made from a description (`Control` in base.py):
 *   {name, label, kind, min, max, step, stops, unit, help, choices, percent}
 * Each maker returns {node, refresh}: `refresh()` shows the value that `get()` has now.
 */
const TAKES_KEYS = new Set(["input", "select", "textarea", "button", "summary", "audio"]);
const LAB = Math.random().toString(36).slice(2); // each lab of a notebook runs this text anew, and counts from 1
let idCount = 0;

function newId(of) {
  return `dpw-${of}-${LAB}-${++idCount}`;
}

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  // JupyterLab's own shortcuts would take arrows, letters and Enter from it; it looks at the element itself.
  if (TAKES_KEYS.has(tag) || "tabindex" in attributes) node.dataset.lmSuppressShortcuts = "true";
  node.append(...children);
  return node;
}

function decimals(step) {
  const text = String(Number(step.toFixed(3))); // 0.9 / 100 is 0.009000000000000001
  return text.includes(".") ? text.length - text.indexOf(".") - 1 : 0;
}

/** What a control shows: `0.5` with unit " px" is "0.50 px", as a percentage "50 %". */
function shownValue(spec, value) {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (spec.percent) return `${Math.round(100 * value)} %`;
  const space = spec.unit && spec.unit !== "°" ? " " : "";
  const number = spec.stops?.length ? String(value) : value.toFixed(decimals(spec.step));
  return number + space + spec.unit;
}

/** A row: label, control, and the help text that assistive technology reads with it. */
function controlRow(spec, input, ...after) {
  const id = newId("control");
  input.id = id;
  input.title = spec.help;
  input.setAttribute("aria-describedby", `${id}-help`);
  return element("div", { class: `dpw-row dpw-row-${spec.kind}`, "data-name": spec.name },
    element("label", { for: id, title: spec.help }, spec.label), input, ...after,
    element("span", { id: `${id}-help`, hidden: true }, spec.help));
}

/** Evenly spaced from min to max; or, where `stops` are given, from one of them to the next. */
function slider(spec, get, set, link) {
  const stops = spec.stops ?? [];
  const factor = spec.percent ? 100 : 1;
  const range = stops.length ? { min: 0, max: stops.length - 1, step: 1 }
    : { min: spec.min * factor, max: spec.max * factor, step: spec.step * factor };
  const taken = () => (stops.length ? stops[input.value] : Number(input.value) / factor);
  const place = () => {
    if (!stops.length) return get() * factor;
    const past = stops.findIndex((stop) => stop >= get());
    return past < 0 ? stops.length - 1 : past;
  };
  const input = element("input", {
    type: "range", ...range,
    oninput: () => { set(taken()); show(); link.touch(true); },
    onpointerup: () => link.rest(),
    onlostpointercapture: () => link.rest(),
  });
  const output = element("output", { "aria-live": "off" }); // the slider itself says its value
  const show = () => {
    const text = shownValue(spec, get());
    if (text === output.textContent) return; // writing it again would cost a layout
    output.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  const refresh = () => { input.value = place(); show(); };
  const node = controlRow(spec, input, output);
  output.setAttribute("for", input.id);
  refresh();
  return { node, refresh };
}

function numberField(spec, get, set, link) {
  const input = element("input", {
    type: "number", min: spec.min, max: spec.max, step: spec.step,
    oninput: () => {
      if (input.value === "" || !input.checkValidity()) return; // half-typed: wait for the rest
      set(Number(input.value));
      link.touch(true);
    },
    onchange: () => refresh(), // what cannot be used goes back to the value in force
  });
  const refresh = () => { // "024" is 24: writing it again would take half of the number, and the caret
    if (input.value === "" || Number(input.value) !== get()) input.value = get();
  };
  const node = controlRow(spec, input);
  refresh();
  return { node, refresh };
}

function choice(spec, get, set, link) {
  const input = element("select", { onchange: () => { set(input.value); link.touch(); } },
    ...spec.choices.map((name) => element("option", { value: name }, name)));
  const refresh = () => { input.value = get(); };
  const node = controlRow(spec, input);
  refresh();
  return { node, refresh };
}

function seedField(spec, get, set, link) {
  const { node, refresh } = numberField(spec, get, set, link);
  const draw = element("button", { type: "button", class: "dpw-small", title: "Draw another seed",
    onclick: () => { set(Math.floor(Math.random() * 10000)); refresh(); link.touch(); } }, "New seed");
  node.append(draw);
  return { node, refresh };
}

function flag(spec, get, set, link) {
  const input = element("input", { type: "checkbox", title: spec.help,
    onchange: () => { set(input.checked); link.touch(); } });
  const node = element("label", { class: "dpw-flag", title: spec.help, "data-name": spec.name }, input, spec.label);
  const refresh = () => { input.checked = get(); };
  refresh();
  return { node, refresh };
}

/** One line, or several; half-typed text goes out as it is, and the engine says what it lacks. */
function textField(spec, get, set, link) {
  const several = spec.kind === "lines";
  const input = element(several ? "textarea" : "input", {
    ...(several ? { rows: 3 } : { type: "text" }), dir: "auto", spellcheck: "false", autocomplete: "off",
    oninput: () => { set(input.value); link.touch(true); },
  });
  const refresh = () => { if (input.value !== get()) input.value = get(); };
  const node = controlRow(spec, input);
  refresh();
  return { node, refresh };
}

/** The control for `owner()[spec.name]`, of the kind that the description asks for. */
function control(spec, owner, link) {
  const maker = { slider, number: numberField, seed: seedField, choice, flag, text: textField, lines: textField };
  return maker[spec.kind](spec, () => owner()[spec.name], (value) => { owner()[spec.name] = value; }, link);
}

/** All controls of a lab under their group's headings, those that do not apply hidden: {nodes, refresh}. */
function controlGroup(specs, link) {
  const nodes = [];
  const fields = specs.map((spec, at) => {
    const field = control(spec, () => link.params, link);
    const opens = spec.group && spec.group !== specs[at - 1]?.group;
    if (opens) nodes.push(element("p", { class: "dpw-group" }, spec.group));
    nodes.push(field.node);
    return field;
  });
  const named = (wanted) => specs.find(({ name }) => name === wanted);
  const applies = ({ when }) => !when || (when[1].includes(link.params[when[0]]) && applies(named(when[0])));
  const refresh = () => specs.forEach((spec, at) => {
    fields[at].refresh();
    fields[at].node.hidden = !applies(spec);
  });
  refresh();
  return { nodes, refresh };
}

/** A left side that holds nothing but the controls described in the trait `controls`. */
function describedControls(link, model, signal) {
  const { nodes, refresh } = controlGroup(model.get("controls"), link);
  link.addEventListener("params", refresh, { signal });
  return [element("div", { class: "dpw-globals" }, ...nodes)];
}
