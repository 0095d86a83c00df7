// What stands beside a map that another widget draws: it looks for the map in the box of both.
const MAP = ".leaflet-container, .gm-style";
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

// Towns are named below the tiles: where these don't come, one still sees where one is. Where they
// lie on the page is measured from a pin, whose place is known.
function nameTowns(map, model, leaflet) {
  const pane = map.querySelector(".leaflet-geonb-land-pane"), [point] = model.get("points");
  const pin = map.querySelector('.leaflet-marker-icon:has([data-geonb="0"])');
  if (!pane || !pin) return;
  let layer = pane.querySelector(".geonb-towns");
  if (!layer) pane.append(layer = element("div", { className: "geonb-towns" }));
  layer.replaceChildren();
  const size = 256 * 2 ** leaflet.get("zoom"), { m41, m42 } = new DOMMatrix(getComputedStyle(pin).transform);
  const frame = map.getBoundingClientRect(), taken = [...map.querySelectorAll("[data-geonb]")].map((p) => p.getBoundingClientRect());
  const whole = model.get("views").bounds.center[1];
  const turn = (lng) => ((lng - whole + 540) % 360 + 360) % 360 / 360;
  const overlaps = (a, b) => a.left < b.right + 4 && b.left < a.right + 4 && a.top < b.bottom + 2 && b.top < a.bottom + 2;
  for (const [name, lat, lng] of model.get("towns")) {
    const x = m41 + (turn(lng) - turn(point.lng)) * size, y = m42 - (mercator(lat) - mercator(point.lat)) * size;
    const town = element("span", { className: "geonb-town", textContent: name, style: `left: ${x}px; top: ${y}px` });
    layer.append(town);
    const box = town.getBoundingClientRect();
    const inside = box.left > frame.left && box.right < frame.right && box.top > frame.top && box.bottom < frame.bottom;
    if (!inside || taken.some((other) => overlaps(box, other))) town.remove();
    else taken.push(box);
    if (layer.children.length >= 14) return;
  }
}

// A host that refuses its tiles sends a picture that says so: an answer with an error, or the same
// picture, larger than plain sea is, for two tiles that lie apart.
async function tilesAreRefused(tiles) {
  const get = async (tile) => {
    const answer = await fetch(tile.src, { referrerPolicy: tile.referrerPolicy });
    return answer.ok ? answer.blob() : null;
  };
  try {
    const pictures = await Promise.all(tiles.map(get));
    if (pictures.includes(null)) return true;
    const [first, second] = await Promise.all(pictures.map((picture) => picture.text()));
    return first.length > 1000 && first === second;
  } catch {
    return false; // a host that lets no script look; its tiles stay
  }
}

function watchTiles(map, el) {
  const pane = map.querySelector(".leaflet-tile-pane");
  let looked = false;
  const look = async () => {
    const tiles = [...pane.querySelectorAll("img.leaflet-tile-loaded")];
    if (looked || tiles.length < 2) return;
    looked = true;
    if (!(await tilesAreRefused([tiles[0], tiles[tiles.length - 1]]))) return;
    map.classList.add("geonb-no-tiles");
    el.append(element("p", { role: "status", className: "geonb-message", textContent: `${new URL(tiles[0].src).host} refuses its tiles to this page, so the map shows outlines. GEONB_TILES=carto, or none, chooses before Python starts.` }));
  };
  pane.addEventListener("load", look, true);
  return look;
}

function render({ model, el }) {
  el.classList.add("geonb", "geonb-beside");
  let box, leaflet;
  const points = model.get("points"), views = model.get("views");
  const move = (center, zoom) => { // one after the other: ipyleaflet loses the centre of a move with both
    leaflet?.set("zoom", zoom);
    setTimeout(() => { leaflet?.set("center", center); leaflet?.save_changes(); }, 50);
  };
  const open = (index) => {
    const { lat, lng } = points[index];
    const turn = views.bounds ? Math.round((views.bounds.center[1] - lng) / 360) * 360 : 0;
    move([lat, lng + turn], zoomTo(points, index));
    setTimeout(() => box?.querySelector(`.leaflet-marker-icon [data-geonb="${index}"]`)?.click(), 500); // once it has moved
  };
  el.append(placeList(model, model.get("leaflet") ? open : undefined, ...viewButtons(views, ({ center, zoom }) => move(center, zoom))));
  const hidden = hidePicture(model);
  const whileShown = new ResizeObserver(([{ target }]) => { hidden.disabled = !target.clientHeight; });
  // A map that gets another size, as when the photo beside it comes, is centred anew until somebody moves it.
  let touched = false, settling;
  const whileStill = new ResizeObserver(() => {
    clearTimeout(settling);
    settling = setTimeout(() => {
      const { center: [lat, lng], zoom } = views.bounds;
      if (!touched && leaflet) move([lat + 1e-7 * Math.random(), lng], zoom); // the same centre would be no change
    }, 250);
  });
  const stirred = new MutationObserver((changes) => {
    if (changes.some(({ target }) => !target.dataset?.geonb)) requestAnimationFrame(arrange);
  });
  const arrange = () => {
    spreadPins(box);
    if (points.length) nameTowns(box.querySelector(MAP), model, leaflet);
  };
  const timer = setInterval(async () => { // the map comes in its own time, or, without its network, never
    box = el.closest(".geonb-box");
    const map = box?.querySelector(MAP);
    if (!map) return;
    clearInterval(timer);
    keepKeys(box);
    map.setAttribute("role", "region");
    map.setAttribute("aria-label", model.get("alt"));
    el.append(hidden);
    whileShown.observe(map); // gmaps takes its map away where Google rejects the key
    if (!model.get("leaflet")) return;
    leaflet = await model.widget_manager.get_model(model.get("leaflet").slice("IPY_MODEL_".length));
    const wheel = (on) => { leaflet.set("scroll_wheel_zoom", on); leaflet.save_changes(); };
    map.addEventListener("click", () => wheel(true)); // so that a page scrolls past a map
    map.addEventListener("mouseleave", () => wheel(false));
    stirred.observe(map.querySelector(".leaflet-marker-pane"), { subtree: true, childList: true, attributeFilter: ["style"] });
    leaflet.on("change:zoom change:center", () => setTimeout(arrange, 300)); // once it has moved
    arrange();
    for (const event of ["pointerdown", "wheel", "keydown"]) box.addEventListener(event, () => { touched = true; }, true);
    if (views.bounds) whileStill.observe(map);
    watchTiles(map, el)();
  }, 100);
  return () => { clearInterval(timer); whileShown.disconnect(); whileStill.disconnect(); stirred.disconnect(); };
}
export default { render };
