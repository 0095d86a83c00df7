// What stands beside a map that another widget draws: it looks for the map in the box of both.
const APART = 44; // pixels between two pins that one can tell apart
const CLOSEST = 15; // zoom
const HEAD = 21; // pixels from a pin's tip up to the middle of its head
const mercator = (lat) => Math.asinh(Math.tan(lat * Math.PI / 180)) / (2 * Math.PI);

// The zoom at which a place's pin is apart from its neighbours'.
function zoomTo(points, index) {
  const far = points.map(({ lat, lng }) => Math.hypot(
    ((lng - points[index].lng + 540) % 360 - 180) / 360, mercator(lat) - mercator(points[index].lat)));
  const nearest = Math.min(...far.filter((distance) => distance > 1e-9));
  return Math.max(5, Math.min(CLOSEST, Math.ceil(Math.log2(APART / 256 / nearest))));
}

// Pins that would cover each other move apart; each marker stays on its place.
function spreadPins(map) {
  const pins = [...map.querySelectorAll(".leaflet-marker-icon [data-geonb]")].map((pin) => {
    const { m41: x, m42: tip } = new DOMMatrix(getComputedStyle(pin.parentElement).transform);
    const fixed = pin.classList.contains("geonb-star"), y = fixed ? tip : tip - HEAD;
    return { pin, x, y, at: [x, y], r: 12, fixed };
  });
  moveApart(pins);
  for (const { pin, x, y, at } of pins) pin.style.translate = `${(x - at[0]).toFixed(1)}px ${(y - at[1]).toFixed(1)}px`;
}

function render({ model, el }) {
  el.classList.add("geonb", "geonb-beside");
  let box, world;
  const pin = model.get("pin"), points = model.get("points"), whole = model.get("whole");
  const move = (center, zoom) => { // one after the other: ipyleaflet loses the centre of a move with both
    world?.set("zoom", zoom);
    setTimeout(() => { world?.set("center", center); world?.save_changes(); }, 50);
  };
  const open = (index) => {
    const { lat, lng } = points[index];
    const turn = whole.center ? Math.round((whole.center[1] - lng) / 360) * 360 : 0;
    move([lat, lng + turn], zoomTo(points, index));
    setTimeout(() => box?.querySelector(`${pin}[data-geonb="${index}"]`)?.click(), 500); // once it has moved
  };
  const button = whole.center ? [element("button", {
    type: "button", className: "geonb-whole", textContent: "Whole world", onclick: () => move(whole.center, whole.zoom),
  })] : [];
  el.append(placeList(model, pin && points.length ? open : undefined, ...button));
  const hidden = hidePicture(model);
  const whileShown = new ResizeObserver(([{ target }]) => { hidden.disabled = !target.clientHeight; });
  const stirred = new MutationObserver((changes) => {
    if (changes.some(({ target }) => !target.dataset?.geonb)) requestAnimationFrame(() => spreadPins(box));
  });
  const timer = setInterval(async () => { // the map comes in its own time, or, without its network, never
    box = el.closest(".geonb-box");
    const map = box?.querySelector(model.get("map"));
    if (!map) return;
    clearInterval(timer);
    keepKeys(box);
    map.setAttribute("role", "region");
    map.setAttribute("aria-label", model.get("alt"));
    el.append(hidden);
    whileShown.observe(map); // gmaps takes its map away where Google rejects the key
    if (!model.get("world")) return;
    world = await model.widget_manager.get_model(model.get("world").slice("IPY_MODEL_".length));
    const wheel = (on) => { world.set("scroll_wheel_zoom", on); world.save_changes(); };
    map.addEventListener("click", () => wheel(true)); // so that a page scrolls past a map
    map.addEventListener("mouseleave", () => wheel(false));
    stirred.observe(map.querySelector(".leaflet-marker-pane"), { subtree: true, childList: true, attributeFilter: ["style"] });
    spreadPins(box);
  }, 100);
  return () => { clearInterval(timer); whileShown.disconnect(); stirred.disconnect(); };
}
export default { render };
