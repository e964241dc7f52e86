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

export default labView(controlsAndPipeline, { makes: "this result", buildBelow: findingsList });
