/**
 * Watches a picture whose corners carry a value as a colour (see lab_content.py), one look per
 * animation frame. Times are milliseconds since the epoch, from the page's own clock.
 */
window.probe = (() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 2;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const epoch = (time) => performance.timeOrigin + time;
  const probe = { selector: null, keys: [], ups: [], downs: [], shown: [], looks: 0, blank: 0, torn: 0 };
  let last = { source: null, value: null, width: 0 };
  let pending = null;

  const decode = ([red, green, blue, alpha]) => (
    Math.abs(blue - 128) > 40 || alpha < 200 ? null : Math.round((red - 8) / 16) * 16 + Math.round((green - 8) / 16));

  /** The value in the picture's corners: null where it is blank, NaN where they disagree. */
  const look = () => {
    const picture = document.querySelector(probe.selector);
    const canvas = picture instanceof HTMLCanvasElement;
    if (!canvas && (!picture?.complete || !picture.naturalWidth)) return null;
    if (!canvas && last.source === picture.src) return last.value;
    const [width, height] = canvas ? [picture.width, picture.height] : [picture.naturalWidth, picture.naturalHeight];
    context.clearRect(0, 0, 2, 2);
    const [left, top, right, bottom] = probe.corners.map((share, at) => share * (at % 2 ? height : width));
    context.drawImage(picture, left, top, 1, 1, 0, 0, 1, 1);
    context.drawImage(picture, right, bottom, 1, 1, 1, 1, 1, 1);
    const { data } = context.getImageData(0, 0, 2, 2);
    const values = [decode(data.slice(0, 4)), decode(data.slice(12, 16))];
    const value = values[0] === values[1] ? values[0] : NaN;
    const source = canvas ? null : picture.src;
    // A canvas has no source to compare: the same value as before is taken for the same picture.
    if (source !== last.source || value !== last.value || width !== last.width) last = { source, value, width };
    return last.value;
  };

  const watch = () => {
    if (!probe.selector) return; // a page that is not measured must not use the machine
    const now = epoch(performance.now());
    if (pending) probe.shown.push([...pending, now]); // seen one frame ago, so it is on screen now
    pending = null;
    const before = last;
    const value = look();
    probe.looks += 1;
    if (value === null) probe.blank += 1;
    else if (Number.isNaN(value)) probe.torn += 1;
    else if (last !== before) pending = [value, last.width];
    requestAnimationFrame(watch);
  };

  addEventListener("keydown", (event) => probe.keys.push(epoch(event.timeStamp)), true);
  addEventListener("pointerdown", (event) => probe.downs.push(epoch(event.timeStamp)), true);
  addEventListener("pointerup", (event) => probe.ups.push(epoch(event.timeStamp)), true);

  /** Starts to watch, and forgets what was seen. `corners`: left, top, right, bottom of the spots, as shares. */
  probe.start = (selector, corners) => {
    if (!probe.selector) requestAnimationFrame(watch);
    Object.assign(probe, { selector, corners, looks: 0, blank: 0, torn: 0 });
    for (const list of [probe.keys, probe.ups, probe.downs, probe.shown]) list.length = 0;
  };
  probe.stop = () => { probe.selector = null; };
  return probe;
})();
