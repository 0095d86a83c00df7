// A fake of the Maps JavaScript API for browser tests: not Google's code, and no map.
// It draws markers in Mercator projection on a plain box, opens info windows, rejects keys that
// begin with BAD as the real one does (gm_authFailure, after the map was made), and records what
// was asked of it in window.fakeGoogleMaps: a list of [name, details].
(() => {
  const query = new URL(document.currentScript.src).searchParams;
  const key = query.get("key") ?? "";
  const calls = (window.fakeGoogleMaps ??= []);
  const record = (name, details) => calls.push([name, JSON.parse(JSON.stringify(details ?? null))]);
  record("script", Object.fromEntries(query));
  const deprecated = (call) => { record("deprecated", call); console.warn(`${call} is deprecated`); };
  const old = key.startsWith("OLD"); // no advanced markers here

  const plain = (p) => (typeof p.lat === "function" ? { lat: p.lat(), lng: p.lng() } : { lat: p.lat, lng: p.lng });
  const mercator = (lat) => Math.asinh(Math.tan((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180));
  const element = (style, text = "") => {
    const made = document.createElement("div");
    made.style.cssText = style;
    made.textContent = text;
    return made;
  };

  class LatLng {
    constructor(lat, lng) { this.place = typeof lat === "object" ? plain(lat) : { lat, lng }; }
    lat() { return this.place.lat; }
    lng() { return this.place.lng; }
    toJSON() { return this.place; }
  }

  class LatLngBounds {
    constructor(southWest, northEast) {
      this.box = null;
      if (southWest) this.extend(southWest);
      if (northEast) {  // as in the real one, a box may cross the ±180° line: then east < west
        const { lat, lng } = plain(northEast);
        Object.assign(this.box, { north: lat, east: lng });
      }
    }
    extend(place) {
      const { lat, lng } = plain(place), box = this.box;
      this.box = !box ? { south: lat, north: lat, west: lng, east: lng }
        : { south: Math.min(box.south, lat), north: Math.max(box.north, lat),
            west: Math.min(box.west, lng), east: Math.max(box.east, lng) };
      return this;
    }
    toJSON() { return this.box; }
  }

  class Observed {
    constructor(options) { this.options = { ...options }; this.listeners = {}; }
    addListener(event, heard) {
      (this.listeners[event] ??= []).push(heard);
      return { remove: () => { this.listeners[event] = this.listeners[event].filter((f) => f !== heard); } };
    }
    trigger(event, details) { (this.listeners[event] ?? []).forEach((heard) => heard(details)); }
    get(name) { return this.options[name]; }
    set(name, what) { this.options[name] = what; }
    setOptions(options) { Object.assign(this.options, options); }
  }

  class FakeMap extends Observed {
    constructor(box, options) {
      super(options);
      record("Map", { ...options, width: box.clientWidth, height: box.clientHeight });
      this.box = box;
      this.markers = new Set();
      box.classList.add("gm-style"); // the real one's class, deeper inside
      box.style.cssText += ";position:relative;overflow:hidden;background:#cfe0ea;color:#234";
      box.append(element("position:absolute;left:6px;bottom:4px;font:11px sans-serif", "a fake of Google Maps"));
      if (key.startsWith("BAD")) setTimeout(() => this.reject(), 300);
    }
    reject() {
      record("rejected");
      this.box.classList.remove("gm-style");
      this.box.replaceChildren(element("padding:40px", "Oops! Something went wrong."));
      this.box.firstChild.className = "gm-err-container";
      window.gm_authFailure?.();
    }
    get view() {
      if (this.bounds) return this.bounds;
      const { lat, lng } = plain(this.options.center ?? { lat: 0, lng: 0 });
      const half = 360 / 2 ** (this.options.zoom ?? 1);
      return { south: Math.max(-85, lat - half / 2), north: Math.min(85, lat + half / 2), west: lng - half, east: lng + half };
    }
    toPixels(place) {
      const { lat, lng } = plain(place), margin = 50, { clientWidth, clientHeight } = this.box;
      let { south, north, west, east } = this.view;
      if (east < west) east += 360;
      if (east === west) { west -= 0.01; east += 0.01; }
      if (north === south) { south -= 0.01; north += 0.01; }
      const x = lng + 360 * Math.round(((west + east) / 2 - lng) / 360); // on the turn nearest to the middle
      return [
        margin + ((clientWidth - 2 * margin) * (x - west)) / (east - west),
        margin + ((clientHeight - 2 * margin) * (mercator(north) - mercator(lat))) / (mercator(north) - mercator(south)),
      ];
    }
    look(change) { change(); this.markers.forEach((marker) => marker.place()); }
    fitBounds(bounds) {
      const box = bounds.toJSON?.() ?? bounds;
      record("fitBounds", box);
      this.look(() => { this.bounds = box; });
    }
    setCenter(center) { record("setCenter", plain(center)); this.look(() => { this.bounds = null; this.options.center = center; }); }
    setZoom(zoom) { record("setZoom", zoom); this.look(() => { this.options.zoom = zoom; }); }
    getZoom() { return this.options.zoom; }
    getMapTypeId() { return this.options.mapTypeId; }
    panTo(place) { record("panTo", plain(place)); }
    getDiv() { return this.box; }
  }

  class Pin extends Observed {  // what both kinds of marker look like
    constructor(kind, options, text) {
      super(options);
      record(kind, { position: plain(options.position), title: options.title ?? "", label: text, zIndex: options.zIndex ?? null });
      this.button = element("position:absolute;width:24px;height:24px;border-radius:12px 12px 12px 0;background:#b3261e;color:#fff;font:bold 13px/24px sans-serif;text-align:center", text);
      this.button.className = "fake-marker";
      if (typeof options.icon?.path === "number") Object.assign(this.button, { className: "fake-dot", style: "position:absolute;width:4px;height:4px;background:#00664b" });
      this.button.title = options.title ?? "";
      this.button.onclick = () => { this.trigger("click", {}); this.trigger("gmp-click", {}); };
      this.setMap(options.map ?? null);
    }
    setMap(map) {
      this.map?.markers.delete(this);
      this.button.remove();
      this.map = map;
      if (!map) return;
      map.markers.add(this);
      map.box.append(this.button);
      this.place();
    }
    place() {
      const [x, y] = this.map.toPixels(this.options.position);
      Object.assign(this.button.style, { left: `${x}px`, top: `${y - 24}px`, zIndex: this.options.zIndex ?? 0 });
    }
    getPosition() { return new LatLng(this.options.position); }
    setPosition(position) { this.options.position = position; if (this.map) this.place(); }
    getIcon() { return this.options.icon; }
    setIcon(icon) { this.options.icon = icon; }
    setClickable(clickable) { this.options.clickable = clickable; }
    setTitle(title) { this.button.title = title; }
  }

  class Marker extends Pin {
    constructor(options) { deprecated("Marker"); super("Marker", options, options.label?.text ?? options.label ?? (options.icon?.path ? "★" : "")); }
  }

  class AdvancedMarkerElement extends HTMLElement {
    constructor(options = {}) {
      super();
      if (old || (options.map && !options.map.options.mapId)) throw new Error("advanced markers need a map ID");
      this.pin = new Pin("AdvancedMarkerElement", options, options.content?.textContent ?? "");
    }
    get map() { return this.pin.map; }
    set map(map) { this.pin?.setMap(map); }
    addListener(event, heard) { deprecated("AdvancedMarkerElement.addListener"); return this.pin.addListener(event, heard); }
    addEventListener(event, heard) { this.pin.addListener(event, heard); }
  }
  if (!customElements.get("gmp-advanced-marker")) customElements.define("gmp-advanced-marker", AdvancedMarkerElement);

  class PinElement extends HTMLElement {
    constructor(options = {}) { super(); record("PinElement", options); if ("glyph" in options) deprecated("PinElement glyph"); this.textContent = options.glyphText ?? ""; }
    get element() { deprecated("PinElement.element"); return this; }
  }
  if (!customElements.get("gmp-pin")) customElements.define("gmp-pin", PinElement);

  class InfoWindow extends Observed {
    setContent(content) { this.options.content = content; }
    open(where, anchor) {
      const map = where.map ?? where, content = this.options.content;
      this.close();
      this.box = element("position:absolute;z-index:99;left:35%;top:16px;background:#fff;color:#222;padding:8px;font:13px sans-serif");
      this.box.className = "fake-info";
      if (content instanceof Node) this.box.append(content);
      else this.box.innerHTML = content;
      record("InfoWindow.open", this.box.textContent);
      (map.box ?? anchor.map.box).append(this.box);
    }
    close() { this.box?.remove(); }
  }

  class Polyline extends Observed {
    constructor(options) {
      super(options);
      record("Polyline", { path: options.path.map(plain), geodesic: options.geodesic ?? false });
    }
    setMap(map) { this.options.map = map; }
  }

  const event = {
    trigger: (target, name, details) => target.trigger?.(name, details),
    addListener: (target, name, heard) => target.addListener(name, heard),
    clearInstanceListeners: (target) => { target.listeners = {}; },
  };
  const maps = {
    Map: FakeMap, LatLng, LatLngBounds, Marker, InfoWindow, Polyline, MVCObject: Observed, event,
    marker: { AdvancedMarkerElement, PinElement },
    MapTypeId: { ROADMAP: "roadmap", HYBRID: "hybrid", SATELLITE: "satellite", TERRAIN: "terrain" },
    SymbolPath: { CIRCLE: 0, BACKWARD_CLOSED_ARROW: 3 }, ColorScheme: { FOLLOW_SYSTEM: "FOLLOW_SYSTEM" },
    visualization: {},
    importLibrary: async (name) => (name === "marker" ? maps.marker : maps),
  };
  window.google = { ...window.google, maps };
  const names = query.get("callback")?.split(".") ?? [];
  names.reduce((owner, name, i) => (i === names.length - 1 ? owner[name]() : owner[name]), window);
})();
