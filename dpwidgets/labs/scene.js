/** The scene lab: described controls, and below the picture a sound to play. */
function listenBar(link, _, signal) {
  const title = element("span", {});
  const player = element("audio", { controls: true, preload: "auto" });
  const show = () => {
    const more = link.picture?.caption.more;
    if (!more) return;
    title.textContent = more.has_sound ? `${more.key}: ${more.caption || "no caption"}`
      : `${more.key} has no sound. ${more.caption}`;
    player.hidden = !more.sound;
    if (!more.sound) player.pause(); // what is hidden could not be stopped
    player.setAttribute("aria-label", `Sound of ${more.key}`);
    if (more.sound && player.getAttribute("src") !== more.sound) player.src = more.sound;
    if (more.has_sound && !more.sound) title.textContent += " (too long to play here)";
  };
  link.addEventListener("frame", show, { signal });
  show();
  return element("div", { class: "dpw-bar" }, player, title);
}

export default labView(describedControls, { buildBelow: (link, model, signal) => [listenBar(link, model, signal)] });
