// The world in SVG that pans and zooms, without a library and without a network: the page, the
// contact sheet and the game share it. Python has drawn the ground and the first view (atlas.svg);
// whoever can't run this still sees those.
// The ground is an equal-area world. A place that one looks at closely is shown true to its shape.
const SVG = "http://www.w3.org/2000/svg";
const HALF = 10000; // ground units from the middle of the world to its side
const CLOSE = 60; // times the whole world; how closely one looks at one place

// The Equal Earth projection, as in plane.py: degrees from the middle of the world, and ground
// units; down is positive.
const [EA, EB, EC, ED] = [1.340264, -0.081106, 0.000893, 0.003796], ROOT = Math.sqrt(3) / 2;
const slope = (t) => EA + 3 * EB * t ** 2 + t ** 6 * (7 * EC + 9 * ED * t ** 2);
const upward = (t) => t * (EA + EB * t ** 2 + t ** 6 * (EC + ED * t ** 2));
const radians = (degrees) => degrees * Math.PI / 180, degrees = (angle) => angle * 180 / Math.PI;
const hold = (value, low, high) => Math.max(low, Math.min(high, value));
const GROUND = HALF * ROOT * EA / Math.PI;
function toGround(lng, lat) {
  const t = Math.asin(ROOT * Math.sin(radians(lat)));
  return [GROUND * radians(lng) * Math.cos(t) / (ROOT * slope(t)), -GROUND * upward(t)];
}
function fromGround(x, y) {
  let t = -y / GROUND / EA;
  for (let round = 0; round < 8; round++) t -= (upward(t) + y / GROUND) / slope(t); // Newton's way
  t = hold(t, -Math.PI / 3, Math.PI / 3);
  const lng = degrees(x / GROUND * ROOT * slope(t) / Math.cos(t));
  return [hold(lng, -180, 180), degrees(Math.asin(hold(Math.sin(t) / ROOT, -1, 1)))];
}
// What makes the ground around a place true to its shape, with north up: a, b, c, d of a matrix.
function shapeAt(lng, lat) {
  const step = 1e-3, near = hold(lat, -89, 89), stretch = Math.cos(radians(near));
  const apart = ([x, y], [u, v], by = 1) => [(x - u) / by, (y - v) / by];
  const [ex, ey] = apart(toGround(lng + step, near), toGround(lng - step, near), stretch);
  const [sx, sy] = apart(toGround(lng, near - step), toGround(lng, near + step));
  const det = ex * sy - sx * ey, by = Math.sqrt(Math.abs(det)) / det;
  return [by * sy, -by * ey, -by * sx, by * ex];
}

function svgElement(parent, tag, attributes, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  parent.append(made);
  return made;
}

// The map. `drawn(map)` is called whenever the view has changed, `tapped(lng, lat)` where one
// clicks on the ground. `arrows` tells whether the keys move it.
function atlas(svg, { drawn, tapped, arrows = !tapped } = {}) {
  const ground = svg.querySelector(".ground"), centre = +svg.dataset.centre;
  const unit = +svg.dataset.unit; // ground units a kilometre
  const start = JSON.parse(svg.dataset.view); // x, y, s: its middle, and pixels a ground unit
  const at = ([lng, lat]) => toGround((lng - centre + 540) % 360 - 180, lat);
  const towns = JSON.parse(svg.dataset.towns).map(([name, ...place]) => [name, at(place)]);
  const first = svg.viewBox.baseVal, [WIDTH, HEIGHT] = [first.width, first.height];
  let view = start, flight = 0, [wide, high] = [WIDTH, HEIGHT], m;

  // The view box has a unit a pixel, and its origin in the middle.
  function measure() {
    const box = svg.getBoundingClientRect();
    if (!box.width || !box.height) return false; // not on the page yet
    [wide, high] = [box.width, box.height];
    svg.setAttribute("viewBox", `${-wide / 2} ${-high / 2} ${wide} ${high}`);
    return true;
  }
  const flat = () => Math.min(wide / 2.04 / HALF, high / 0.995 / HALF); // the scale of the whole world
  const home = () => start.s ? { ...start, s: start.s * Math.min(wide / WIDTH, high / HEIGHT) } : whole();
  const whole = () => ({ x: 0, y: 0, s: flat() });
  // The further in, the more of the middle's own shape.
  function matrix({ x, y, s }) {
    const t = hold(Math.log(s / flat()) / Math.log(20), 0, 1), local = t && shapeAt(...fromGround(x, y));
    return [1, 0, 0, 1].map((f, i) => s * (t ? f + (local[i] - f) * t : f));
  }
  const onScreen = ([x, y]) => [m[0] * (x - view.x) + m[2] * (y - view.y), m[1] * (x - view.x) + m[3] * (y - view.y)];
  const onGround = (dx, dy) => {
    const [a, b, c, d] = m, det = a * d - b * c;
    return [(d * dx - c * dy) / det, (a * dy - b * dx) / det];
  };

  function draw() {
    m = matrix(view);
    ground.setAttribute("transform", `matrix(${[...m, ...onScreen([0, 0])].join(" ")})`);
    svg.classList.toggle("far", view.s < 8 * flat());
    const taken = drawPins();
    drawBar(taken);
    drawTowns(taken);
    drawn?.(map);
  }
  const show = (next) => { view = next; draw(); };

  // Pins keep their size, and move apart where they would cover each other.
  function drawPins() {
    const spots = [...svg.querySelectorAll(".pin")].map((pin) => {
      const spot = onScreen(at(JSON.parse(pin.dataset.at))), [x, y] = spot;
      return { pin, spot, x, y, r: +pin.dataset.r, fixed: pin.classList.contains("true") };
    });
    moveApart(spots);
    return spots.map(({ pin, spot, x, y, r }) => {
      pin.setAttribute("transform", `translate(${x} ${y})`);
      const stem = pin.querySelector(".stem");
      stem?.setAttribute("x2", spot[0] - x);
      stem?.setAttribute("y2", spot[1] - y);
      return [x - r, y - r, x + r, y + r];
    });
  }

  function drawBar(taken) {
    const bar = svg.querySelector(".bar"), perKm = view.s * unit, far = view.s < 20 * flat();
    bar.style.display = far ? "none" : "";
    if (far) return;
    const most = 0.25 * wide / perKm, power = 10 ** Math.floor(Math.log10(most));
    const km = [5, 2, 1].find((step) => step * power <= most) * power;
    const left = 16 - wide / 2, right = left + km * perKm, y = high / 2 - 16, [line, text] = bar.children;
    for (const [name, value] of Object.entries({ x1: left, x2: right, y1: y, y2: y })) line.setAttribute(name, value);
    text.setAttribute("x", (left + right) / 2);
    text.setAttribute("y", y - 7);
    text.textContent = `${km.toLocaleString("en")} km`;
    taken.push([left, y - 22, right, y + 4]);
  }

  // The largest towns in view, as many as fit.
  function drawTowns(taken) {
    const layer = svg.querySelector(".towns");
    const free = ([l, t, r, b]) => l > 4 - wide / 2 && r < wide / 2 - 4 && t > 4 - high / 2 && b < high / 2 - 4
      && taken.every(([x, y, u, v]) => r < x - 4 || l > u + 4 || b < y - 2 || t > v + 2);
    layer.replaceChildren();
    for (const [name, spot] of towns) {
      if (layer.children.length >= 8) break;
      const [x, y] = onScreen(spot), width = 7 * name.length, dot = [x - 3, y - 3, x + 3, y + 3];
      const boxes = [[x + 6, y - 8, x + 6 + width, y + 7], [x - 6 - width, y - 8, x - 6, y + 7]];
      const box = boxes.find(free), left = box === boxes[1];
      if (!box || !free(dot)) continue;
      const town = svgElement(layer, "g", { class: "town" });
      svgElement(town, "rect", { x: x - 2, y: y - 2, width: 4, height: 4 });
      svgElement(town, "text", { x: left ? x - 6 : x + 6, y: y + 4.5, "text-anchor": left ? "end" : "start" }, name);
      taken.push(dot, box);
    }
  }

  function fly(target) {
    const from = view, id = ++flight, began = performance.now();
    const far = Math.hypot(target.x - from.x, target.y - from.y);
    const [a, b] = [Math.log(from.s), Math.log(target.s)];
    const dip = far ? Math.max(0, Math.min(a, b) - Math.log(wide / 2 / far)) : 0;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden;
    const step = (now) => {
      if (id !== flight) return;
      const t = still ? 1 : Math.min(1, (now - began) / 900), u = t * t * (3 - 2 * t);
      const mix = (p, q) => p + (q - p) * u;
      show({ x: mix(from.x, target.x), y: mix(from.y, target.y), s: Math.exp(mix(a, b) - dip * 4 * u * (1 - u)) });
      if (t < 1) requestAnimationFrame(step);
    };
    step(began);
  }
  const within = (s) => hold(s, 0.8 * flat(), 40 / unit); // down to 25 m a pixel
  const inside = (x, y) => ({ x: hold(x, -HALF, HALF), y: hold(y, -HALF / 2, HALF / 2) });
  function zoom(factor, dx = 0, dy = 0) {
    flight++;
    const before = onGround(dx, dy), s = within(view.s * factor), part = 1 - view.s / s;
    show({ s, ...inside(view.x + before[0] * part, view.y + before[1] * part) });
  }
  function pan(dx, dy) {
    flight++;
    const [x, y] = onGround(dx, dy);
    show({ ...view, ...inside(view.x - x, view.y - y) });
  }
  const flyTo = (place, s = Math.max(home().s, CLOSE * flat())) => {
    const [x, y] = at(place);
    fly({ x, y, s: within(s) });
  };
  // The view on some places, with space around them.
  function frame(places, least = 0.05) {
    const [xs, ys] = [0, 1].map((i) => places.map((place) => at(place)[i]));
    const [[x, dx], [y, dy]] = [xs, ys].map((v) => [(Math.min(...v) + Math.max(...v)) / 2, Math.max(...v) - Math.min(...v)]);
    fly({ x, y, s: Math.max(flat(), Math.min(0.7 * wide / Math.max(dx, least * HALF), 0.7 * high / Math.max(dy, least * HALF / 2))) });
  }

  // Pointers: one drags, two pinch. The wheel zooms once one has clicked: before, it scrolls the page.
  const held = new Map();
  let awake = false, dragged = 0;
  const offset = (event) => {
    const { left, top } = svg.getBoundingClientRect();
    return [event.clientX - left - wide / 2, event.clientY - top - high / 2];
  };
  svg.addEventListener("pointerdown", (event) => {
    awake = true;
    if (event.target.closest("[role=button], .pin")) return;
    dragged = held.size ? Infinity : 0;
    svg.setPointerCapture(event.pointerId);
    held.set(event.pointerId, event);
  });
  svg.addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId);
    if (!last) return;
    const other = [...held.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    const [dx, dy] = [event.clientX - last.clientX, event.clientY - last.clientY];
    dragged += Math.hypot(dx, dy);
    if (other) {
      const apart = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
      zoom(apart(event) / Math.max(apart(last), 1));
    } else if (!tapped || dragged > 4) pan(dx, dy);
    held.set(event.pointerId, event);
  });
  svg.addEventListener("pointerup", (event) => {
    if (!held.delete(event.pointerId) || dragged > 4 || !tapped) return;
    const [dx, dy] = onGround(...offset(event)), [lng, lat] = fromGround(view.x + dx, view.y + dy);
    tapped((lng + centre + 540) % 360 - 180, lat);
  });
  svg.addEventListener("pointercancel", (event) => held.delete(event.pointerId));
  svg.addEventListener("pointerleave", () => { awake = false; });
  svg.addEventListener("wheel", (event) => {
    if (!awake && !event.ctrlKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), ...offset(event));
  }, { passive: false });
  if (!tapped) svg.addEventListener("dblclick", () => zoom(2));
  svg.addEventListener("keydown", (event) => {
    const moves = !arrows ? {} : { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (event.target !== svg) return;
    if (moves[event.key]) pan(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(1.6);
    else if (event.key === "-") zoom(1 / 1.6);
    else if (event.key === "0") fly(whole());
    else return;
    event.preventDefault();
  });
  const map = {
    draw, at, onScreen, zoom, flyTo, frame, world: () => fly(whole()), home: () => fly(home()),
    degrees: () => wide / view.s / unit / 111 / 100, // a hundredth of what one sees
  };
  let looked = measure();
  new ResizeObserver(() => { // also when it is laid out for print
    const before = flat();
    if (!measure()) return;
    flight++; // to where the size was another
    view = looked ? { ...view, s: view.s * flat() / before } : home();
    looked = true;
    draw();
  }).observe(svg);
  view = home();
  draw();
  return map;
}

// The buttons of a map: in, out, world and home.
function mapButtons(tools, map) {
  const acts = { in: () => map.zoom(1.8), out: () => map.zoom(1 / 1.8), world: map.world, home: map.home };
  tools.addEventListener("click", (event) => acts[event.target.dataset.act]?.());
  tools.hidden = false;
}
