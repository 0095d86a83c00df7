// Google Maps for anywidget. The API key comes by message and stays in the page's memory: it is
// never widget state, text on the page, or part of an error.
const SCRIPT = "https://maps.googleapis.com/maps/api/js";
const TRUTH = "★", STAR = "M0-11 3-3.5 11-3.5 4.8 1.5 7 9 0 4.5-7 9-4.8 1.5-11-3.5-3-3.5Z";
const STYLE = "DEMO_MAP_ID"; // Google's own, for those without a map style: advanced markers need one
const PATIENCE = 15000; // milliseconds until a script that does not come counts as unreachable
const WORDS = {
  waiting: "Waiting for the API key from the kernel. If nothing comes, run this cell again.",
  loading: "Loading Google Maps …",
  "no-key": "No Google Maps API key. Set GOOGLE_MAPS_API_KEY or pass api_key=…, or take provider=\"leaflet\", which needs none.",
  rejected: "Google Maps rejected the API key: it is wrong or used up for today, it has no billing account and is no Maps Demo Key, the Maps JavaScript API is not enabled for it, or this page's address is not allowed. The browser's console has Google's reason.",
  unreachable: "Google Maps cannot be reached: there is no network, or maps.googleapis.com is blocked. provider=\"leaflet\" or \"static\" need no Google.",
  "key-changed": "This page has loaded Google Maps with another key, and can load it only once. Save, and reload this browser tab.",
};

// One Maps API a page, whatever the number of maps and cells.
const page = (window.geonbGoogle ??= { key: null, script: null, rejected: false, keys: new Map(), maps: new Set() });

function watchForRejection() {
  if (page.watching) return;
  page.watching = true;
  const before = window.gm_authFailure;
  window.gm_authFailure = () => {
    page.rejected = true;
    page.maps.forEach((show) => show("rejected"));
    before?.();
  };
}

function loadScript(key) {
  if (page.script) return page.script;
  if (window.google?.maps?.Map) return Promise.resolve(); // gmaps, or another extension, was first
  watchForRejection();
  page.key = key;
  page.script = new Promise((resolve, reject) => {
    const timer = setTimeout(reject, PATIENCE);
    window.geonbGoogleReady = () => { clearTimeout(timer); resolve(); };
    const query = new URLSearchParams({ key, v: "weekly", loading: "async", libraries: "marker", callback: "geonbGoogleReady" });
    document.head.append(element("script", { src: `${SCRIPT}?${query}`, async: true, onerror: reject }));
  });
  page.script.catch(() => { page.script = null; page.key = null; }); // so that the next cell tries again
  return page.script;
}

// Pins with the rank; the truth is a star on its very place, so that it hides no number.
function legacyLook({ mark, colour }) {
  return mark === TRUTH
    ? { icon: { path: STAR, fillColor: colour, fillOpacity: 1, strokeColor: "#fff", strokeWeight: 1.5 } }
    : { label: { text: mark, color: "#fff", fontWeight: "bold" } };
}
function advancedLook({ mark, colour }) {
  const content = mark === TRUTH
    ? element("span", { className: "geonb-star", style: "transform: translateY(50%)", textContent: mark })
    : new google.maps.marker.PinElement({ glyphText: mark, glyphColor: "#fff", background: colour, borderColor: "#fff" });
  return { content, gmpClickable: true };
}

// Advanced markers, or the old kind where a page or a key has no others.
function drawMarkers(map, model, open) {
  const { maps } = google, points = model.get("points");
  const common = ({ lat, lng, mark, text, front }) => ({ map, position: { lat, lng }, title: `${mark}: ${text}`, zIndex: 1000 + front });
  const draw = (make) => points.map((point, index) => make(point, () => open(index)));
  let pins = [];
  try {
    pins = draw((point, heard) => {
      const pin = new maps.marker.AdvancedMarkerElement({ ...common(point), ...advancedLook(point) });
      pin.addEventListener("gmp-click", heard);
      pins.push(pin);
      return pin;
    });
  } catch {
    for (const pin of pins) pin.map = null;
    pins = draw((point, heard) => {
      const pin = new maps.Marker({ ...common(point), ...legacyLook(point) });
      pin.addListener("click", heard);
      return pin;
    });
  }
  const truth = points.find(({ mark }) => mark === TRUTH);
  if (truth) new maps.Polyline({ map, path: [truth, points[0]].map(({ lat, lng }) => ({ lat, lng })), geodesic: true, strokeColor: truth.colour, strokeWeight: 2 });
  return pins;
}

// A map that is made before its box is on the page would fit its bounds into nothing.
function laidOut(box) {
  return new Promise((resolve) => {
    new ResizeObserver((_, observer) => {
      if (!box.clientHeight) return;
      observer.disconnect();
      resolve();
    }).observe(box);
  });
}

function drawMap(box, model) {
  const { maps } = google, { bounds, center, zoom } = model.get("view");
  const mapId = model.get("map_id") || STYLE;
  const map = new maps.Map(box, { center, zoom, gestureHandling: "cooperative", streetViewControl: false, mapId });
  const fit = (some) => some && map.fitBounds(some, 48);
  fit(bounds);
  const info = new maps.InfoWindow();
  const pins = drawMarkers(map, model, open);
  function open(index) {
    const { lat, lng, mark, text } = model.get("points")[index];
    info.setContent(element("div", {}, element("b", { textContent: mark }), ` ${text}`));
    info.open({ map, anchor: pins[index] });
    map.panTo({ lat, lng });
  }
  return { open, fit };
}

function initialize({ model }) {
  model.on("msg:custom", ({ type, key }) => { if (type === "key") page.keys.set(model.get("uid"), key); });
}

function render({ model, el }) {
  const message = element("p", { className: "geonb-message", role: "status" });
  const box = element("div", { className: "geonb-map" });
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", model.get("alt"));
  let drawn, hidden;
  el.classList.add("geonb");
  const side = element("div", { className: "geonb-beside" }, placeList(model, (index) => drawn?.open(index),
    ...viewButtons(model.get("view"), (view) => drawn?.fit(view))));
  function show(status) {
    el.dataset.status = status;
    message.textContent = WORDS[status] ?? "";
    message.hidden = status === "ready";
    box.hidden = status !== "ready";
    hidden?.remove();
    el.append(hidden = status === "ready" ? hidePicture(model) : hideList(model, side));
  }
  async function start(key) {
    if (drawn) return;
    if (!key) return show("no-key");
    if (page.key && page.key !== key) return show("key-changed");
    if (page.rejected) return show("rejected");
    show("loading");
    page.maps.add(show);
    try { await loadScript(key); } catch { return show("unreachable"); }
    if (page.rejected) return show("rejected");
    show("ready");
    await laidOut(box);
    drawn ??= drawMap(box, model);
  }
  el.append(message, element("div", { className: "geonb-box" }, box, side));
  keepKeys(el);
  show("waiting");
  const heard = ({ type, key }) => { if (type === "key") start(key); };
  model.on("msg:custom", heard);
  const uid = model.get("uid");
  if (page.keys.has(uid)) start(page.keys.get(uid));
  else model.send({ type: "key?" }); // an older view of the same map, or a page that was reloaded
  return () => { page.maps.delete(show); model.off("msg:custom", heard); };
}
export default { initialize, render };
