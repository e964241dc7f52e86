/**
 * The loader lab: settings on the left; on the right the buttons, the figures of the run, its timeline,
 * the settings tried, and what to try next.
 */
const PLATFORMS_OWN = "platform's own";
// What a control shows is the parameter times this.
const SHOWN_PER_UNIT = { ms: 1000, MB: 1 / 2 ** 20 };

function loaderView() {
  let link;
  return {
    initialize({ model }) {
      link = new LoaderLink(model);
      return () => link.close();
    },
    render({ model, el }) {
      const ending = new AbortController();
      const { signal } = ending;
      // A notebook opened without a kernel shows the still picture below this output, not an empty lab.
      const begin = () => { if (!signal.aborted) buildLoaderLab(link, model, el, signal); };
      if (el.classList.contains("jupyter-widgets-disconnected")) whenConnected(el, signal, begin);
      else begin();
      return () => ending.abort();
    },
  };
}

function whenConnected(el, signal, then) {
  const watch = new MutationObserver(() => {
    if (el.classList.contains("jupyter-widgets-disconnected")) return;
    watch.disconnect();
    then();
  });
  watch.observe(el, { attributes: true, attributeFilter: ["class"] });
  signal.addEventListener("abort", () => watch.disconnect());
}

function buildLoaderLab(link, model, el, signal) {
  const settings = element("fieldset", { class: "dpw-controls dpw-loader-controls" },
    element("legend", { class: "dpw-unseen" }, "Settings"), ...settingRows(link, model, signal));
  const buttons = runBar(link, signal);
  const home = takeHome(link, model, signal, "this loader");
  const timeline = new Timeline(link, model.get("looks"), signal);
  const stage = element("div", { class: "dpw-stage" }, connectionNote(el, [settings, buttons, home.reset], link, signal), buttons,
    figureCards(link, signal), verdict(link, signal), timeline.node, problemBox(link, signal));
  const below = element("div", { class: "dpw-loader-below" }, proposalLine(link, signal), trialsTable(link, signal),
    heatMap(link, signal), secondsTable(link, timeline, signal), home.node);
  describeTimeline(link, timeline, signal);
  el.append(element("div", { class: "dpw-lab dpw-loader", role: "group", "aria-label": model.get("title") },
    element("p", { class: "dpw-about" }, element("b", {}, model.get("title")), ` on ${model.get("about")}`),
    element("div", { class: "dpw-frame" }, settings, stage), below));
}

// --- settings

function settingRows(link, model, signal) {
  const shown = shownParameters(link, model.get("controls"));
  const fields = model.get("controls").map((spec) => {
    const field = control(spec, () => shown, link);
    if (spec.name === "batch_size") field.node.append(...halfAndDouble(link, field));
    else if (spec.kind === "number") field.node.append(element("span", {}, spec.unit));
    return field;
  });
  link.addEventListener("params", () => {
    for (const field of fields) field.refresh();
  }, { signal });
  const flags = fields.filter(({ node }) => node.classList.contains("dpw-flag"));
  const rows = fields.filter((field) => !flags.includes(field));
  return [...rows.map(({ node }) => node), element("div", { class: "dpw-flags" }, ...flags.map(({ node }) => node))];
}

/** The parameters as the controls show them: milliseconds, megabytes, a name for the empty start method. */
function shownParameters(link, specs) {
  const shown = {};
  for (const { name, unit } of specs) {
    const per = SHOWN_PER_UNIT[unit] ?? 1;
    Object.defineProperty(shown, name, {
      get() {
        const value = link.params[name];
        if (name === "start_method") return value || PLATFORMS_OWN;
        return typeof value === "boolean" ? value : Math.round((value ?? 0) * per * 1000) / 1000;
      },
      set(value) {
        if (name === "start_method") link.params[name] = value === PLATFORMS_OWN ? "" : value;
        else if (name === "memory_limit") link.params[name] = value ? Math.round(value / per) : null;
        else link.params[name] = typeof value === "boolean" ? value : value / per;
      },
    });
  }
  return shown;
}

/** Batch sizes are tried in steps of two. */
function halfAndDouble(link, field) {
  return [["÷2", "Half the batch size", 0.5], ["×2", "Twice the batch size", 2]].map(([text, title, factor]) => {
    return element("button", { type: "button", class: "dpw-small", title, "aria-label": title, onclick: () => {
      link.params.batch_size = Math.min(Math.max(Math.floor(link.params.batch_size * factor), 1), 65536);
      field.refresh();
      link.touch();
    } }, text);
  });
}

// --- the run

function runBar(link, signal) {
  const button = (text, title, press, more = "") =>
    element("button", { type: "button", title, class: more, onclick: press }, text);
  const run = button("▶ Run", "Run the loader with these settings, in a process of its own", () => link.run(), "dpw-main");
  const stop = button("■ Stop", "End the run; takes less than a second", () => link.stop());
  const tune = button("Tune", "Search for good settings; takes about a minute", () => link.tune());
  const said = element("span", { class: "dpw-said", role: "status" });
  const progress = element("progress", { max: 1, value: 0, "aria-label": "Progress of the run" });
  const show = () => {
    const { activity, run: settings } = link.state;
    const busy = activity !== "idle";
    run.disabled = tune.disabled = busy;
    stop.disabled = !busy || activity === "stopping";
    const { seconds: passed = 0, items = 0 } = link.figures.live ?? {};
    if (activity === "tuning") progress.removeAttribute("value"); // as long as it takes
    else progress.value = busy && settings ? Math.min(1, passed / settings.seconds) : 0;
    progress.classList.toggle("dpw-invisible", !busy);
    const doing = { running: items ? "running" : "starting", tuning: "searching", stopping: "stopping" }[activity];
    const text = busy ? `${doing} …` : ending(link.state);
    if (said.textContent !== text) said.textContent = text;
  };
  for (const type of ["state", "progress"]) link.addEventListener(type, show, { signal });
  link.addEventListener("waiting", ({ detail }) => {
    if (detail) said.textContent = "The kernel is busy; the lab follows when it is free.";
    else show();
  }, { signal });
  show();
  return element("fieldset", { class: "dpw-run" }, element("legend", { class: "dpw-unseen" }, "Run"),
    element("div", { class: "dpw-bar" }, run, stop, tune, said), progress);
}

/** How the last run ended, in a word. */
function ending({ trials }) {
  const last = trials.at(-1);
  if (!last) return "";
  return { finished: "finished", stopped: "stopped", "time limit": "time is up" }[last.ended] ?? last.ended;
}

function figureCards(link, signal) {
  const specs = [
    ["items_per_second", "items per second", rounded], ["wait_share", "the step waited", percent],
    ["start_seconds", "to the first batch", seconds], ["peak_memory_bytes", "memory", megabytes],
  ];
  const numbers = specs.map(() => element("b", {}, "–"));
  const node = element("dl", { class: "dpw-cards" }, ...specs.map(([, label], at) =>
    element("div", {}, element("dt", {}, label), element("dd", {}, numbers[at]))));
  const show = () => {
    const { live } = link.figures;
    specs.forEach(([name, , text], at) => {
      const known = live && (name === "peak_memory_bytes" ? live[name] > 0 : live.items > 0);
      numbers[at].textContent = known ? text(live[name]) : "–";
    });
  };
  for (const type of ["state", "progress"]) link.addEventListener(type, show, { signal });
  show();
  return node;
}

const WITHOUT_VERDICT = { failed: "The run failed.", "memory limit": "The run met its memory limit." };

/** What limits the loader, in words, with the reason. */
function verdict(link, signal) {
  const node = element("p", { class: "dpw-verdict", role: "status" });
  const show = () => {
    const last = link.state.trials.at(-1);
    if (link.state.activity === "tuning") node.replaceChildren(link.state.searched.at(-1)?.sentence ?? "Searching …");
    else if (link.state.activity !== "idle") node.replaceChildren("Measuring …");
    else if (!last) node.replaceChildren("Press Run: the loader works for a few seconds, and its timeline appears here.");
    else if (!last.bottleneck) node.replaceChildren(WITHOUT_VERDICT[last.ended] ?? "Too short to name a bottleneck.");
    else node.replaceChildren(element("b", {}, `Limited by: ${last.bottleneck}. `), last.reason);
  };
  link.addEventListener("state", show, { signal });
  show();
  return node;
}

// --- the timeline in words

function describeTimeline(link, timeline, signal) {
  let before = 0;
  const describe = () => {
    const { live } = link.figures;
    const { run, activity } = link.state;
    before = performance.now();
    if (!run || !live) return;
    const workers = run.num_workers === 1 ? "1 worker" : `${run.num_workers} workers`;
    timeline.canvas.setAttribute("aria-label", `Timeline: ${workers}, ${activity === "idle" ? "after" : "at"} `
      + `${live.seconds.toFixed(0)} seconds: ${rounded(live.items_per_second)} items per second, `
      + `the training loop waited ${percent(live.wait_share)} of its time. Arrows pan, plus and minus zoom.`);
  };
  link.addEventListener("progress", () => { if (performance.now() - before > 1000) describe(); }, { signal });
  link.addEventListener("state", describe, { signal });
}

/** Seconds by kind and process, of the whole run. */
function secondsTable(link, timeline, signal) {
  const table = element("table", { class: "dpw-seconds" });
  const node = element("details", { class: "dpw-details" }, element("summary", {}, "Seconds by kind"), table);
  const show = () => {
    if (!node.open) return;
    const workers = Object.keys(link.figures.seconds).map(Number).sort((one, other) => one - other);
    const kinds = timeline.looks.map(({ kind }) => kind)
      .filter((kind) => workers.some((worker) => link.figures.seconds[worker][kind]));
    const name = (worker) => (worker < 0 ? "main process" : `worker ${worker}`);
    table.replaceChildren(
      element("caption", { class: "dpw-unseen" }, "Seconds by kind of work and process"),
      element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "kind"),
        ...workers.map((worker) => element("th", { scope: "col" }, name(worker))))),
      element("tbody", {}, ...kinds.map((kind) => element("tr", {},
        element("th", { scope: "row" }, timeline.swatch(timeline.looks.findIndex((look) => look.kind === kind)), ` ${kind}`),
        ...workers.map((worker) => element("td", {}, (link.figures.seconds[worker][kind] ?? 0).toFixed(2)))))));
  };
  node.addEventListener("toggle", show, { signal });
  for (const type of ["state", "progress"]) link.addEventListener(type, show, { signal });
  return node;
}

export default loaderView;
