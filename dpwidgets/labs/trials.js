/** The settings tried: a table with a bar for each throughput, and what to try next. */
function trialsTable(link, signal) {
  const body = element("tbody");
  const unseen = (text) => element("span", { class: "dpw-unseen" }, text);
  const heads = [unseen("trial"), "settings", "items per second", "waited", "first batch", "memory", "limited by",
    unseen("take over")];
  const table = element("table", { class: "dpw-trials" },
    element("caption", {}, "Settings tried"),
    element("thead", {}, element("tr", {}, ...heads.map((head, at) =>
      element("th", { scope: "col", class: `dpw-col-${at}` }, head)))), body);
  const node = element("div", { class: "dpw-trials-frame", hidden: true }, table);
  const show = () => {
    const { trials } = link.state;
    node.hidden = trials.length === 0;
    const most = Math.max(...trials.map((trial) => trial.items_per_second), 1e-9);
    body.replaceChildren(...trials.map((trial) => trialRow(trial, most, trial === trials.at(-1), link)));
  };
  link.addEventListener("state", show, { signal });
  show();
  return node;
}

function trialRow(trial, most, last, link) {
  const whole = ["finished", "time limit"].includes(trial.ended) && trial.items_per_second > 0;
  const best = whole && trial.items_per_second === most && !(last && trial.number === 1); // of at least two
  const figure = trial.items_per_second ? rounded(trial.items_per_second) : "–";
  const bar = element("span", { class: "dpw-bar-fill" });
  bar.style.width = `${(100 * trial.items_per_second) / most}%`;
  const use = element("button", { type: "button", class: "dpw-small", title: `Set the controls to: ${trial.label}`,
    onclick: () => {
      link.params = { ...link.params, ...trial.settings, step_seconds: trial.step_seconds };
      link.touch();
    } }, "Use");
  const cells = [
    String(trial.number), trial.label,
    element("span", { class: "dpw-bar-cell" }, element("span", { class: "dpw-bar-ground" }, bar),
      element("span", { class: "dpw-bar-text" }, figure, best ? element("b", {}, " best") : "",
        whole ? "" : element("i", {}, ` ${trial.ended}`))),
    trial.items_per_second ? percent(trial.wait_share) : "–",
    trial.items_per_second ? seconds(trial.start_seconds) : "–",
    trial.peak_memory_bytes ? megabytes(trial.peak_memory_bytes) : "–",
    trial.bottleneck || "–", use,
  ];
  return element("tr", { class: `${last ? "dpw-last" : ""} ${best ? "dpw-best" : ""}` },
    ...cells.map((cell, at) => element(at === 1 ? "th" : "td",
      { class: `dpw-col-${at}`, scope: at === 1 ? "row" : null, title: at === 6 ? trial.reason : null }, cell)));
}

/** What to try next, and a button that takes it into the controls. */
function proposalLine(link, signal) {
  const text = element("p", { class: "dpw-proposal-text" });
  const take = element("button", { type: "button", title: "Set the controls to this; then press Run", onclick: () => {
    link.params = { ...link.params, ...link.state.proposal.settings };
    link.touch();
  } }, "Take it");
  const node = element("div", { class: "dpw-proposal", hidden: true }, text, take);
  const show = () => {
    const { proposal, activity } = link.state;
    node.hidden = !proposal || activity !== "idle";
    if (!proposal) return;
    const changes = Object.entries(proposal.changes).map(([name, value]) => `${name}=${pythonValue(value)}`);
    text.replaceChildren(element("b", {}, changes.length ? `Try ${changes.join(", ")}. ` : ""), proposal.reason);
    take.hidden = !proposal.settings;
    const taken = proposal.settings && Object.entries(proposal.settings).every(([name, value]) => link.params[name] === value);
    take.disabled = Boolean(taken);
    take.textContent = taken ? "Taken: press Run" : "Take it";
  };
  link.addEventListener("state", show, { signal });
  link.addEventListener("params", show, { signal });
  show();
  return node;
}

/** Throughput by workers and batch size, of a search. */
function heatMap(link, signal) {
  const table = element("table", { class: "dpw-heat" });
  const node = element("div", { class: "dpw-heat-frame", hidden: true }, table);
  const show = () => {
    const { searched } = link.state;
    node.hidden = searched.length === 0;
    if (!searched.length) return;
    const best = new Map();
    const broken = new Map(); // how the trials ended that say nothing
    for (const { num_workers: workers, batch_size: size, items_per_second: speed, ended } of searched) {
      const key = `${workers} ${size}`;
      best.set(key, Math.max(best.get(key) ?? 0, speed));
      if (!speed) broken.set(key, ["failed", "memory limit"].includes(ended) ? ended : "too short");
    }
    const most = Math.max(...best.values(), 1e-9);
    const sorted = (name) => [...new Set(searched.map((one) => one[name]))].sort((one, other) => one - other);
    const sizes = sorted("batch_size");
    const cell = (workers, size) => {
      const speed = best.get(`${workers} ${size}`);
      if (speed === undefined) return element("td", { class: "dpw-untried" }, "·");
      const shade = element("td", { class: speed === most ? "dpw-best" : "" }, speed ? rounded(speed) : broken.get(`${workers} ${size}`));
      shade.style.setProperty("--dpw-share", `${Math.round((75 * speed) / most)}%`);
      return shade;
    };
    table.replaceChildren(
      element("caption", {}, `Search: items per second, ${searched.length} ${searched.length === 1 ? "trial" : "trials"}; the best is framed`),
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "workers \\ batch"),
        ...sizes.map((size) => element("th", { scope: "col" }, String(size))))),
      element("tbody", {}, ...sorted("num_workers").map((workers) => element("tr", {},
        element("th", { scope: "row" }, String(workers)), ...sizes.map((size) => cell(workers, size))))));
  };
  link.addEventListener("state", show, { signal });
  show();
  return node;
}

// --- figures as text

function rounded(value) {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(2);
}

function percent(share) { return `${Math.round(100 * share)}%`; }

function seconds(value) { return value < 1 ? `${Math.round(1000 * value)} ms` : `${value.toFixed(1)} s`; }

function megabytes(bytes) {
  const mega = bytes / 2 ** 20;
  return mega >= 1000 ? `${(mega / 1024).toFixed(1)} GB` : `${Math.round(mega)} MB`;
}

function pythonValue(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? `"${value}"` : String(value);
}
