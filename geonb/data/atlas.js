// A world in SVG that pans and zooms, without a library and without a network. Python has drawn the
// first view; whoever can't run this still sees it.
// The ground is an equal-area world. A place that one looks at closely is shown true to its shape:
// the further in, the more of its own matrix (data-m) is used.
const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT] = [720, 480]; // of the view box
const AREA = 10000; // ground units; half of the world's width

function atlas(svg) {
  const ground = svg.querySelector(".ground"), pins = [...svg.querySelectorAll(".pin")];
  const unit = +svg.dataset.unit; // ground units a kilometre
  const towns = JSON.parse(svg.dataset.towns);
  const flat = [1, 0, 0, 1];
  const whole = { x: 0, y: 0, s: WIDTH / (2.06 * AREA), m: flat };
  let view = JSON.parse(svg.dataset.view), flight = 0;

  const matrix = ({ s, m }) => {
    const t = Math.max(0, Math.min(1, Math.log(s / whole.s) / Math.log(20)));
    return flat.map((f, i) => s * (f + (m[i] - f) * t));
  };
  const onScreen = (x, y, [a, b, c, d] = matrix(view)) => [
    WIDTH / 2 + a * (x - view.x) + c * (y - view.y), HEIGHT / 2 + b * (x - view.x) + d * (y - view.y)];
  const onGround = (dx, dy) => {
    const [a, b, c, d] = matrix(view), det = a * d - b * c;
    return [(d * dx - c * dy) / det, (a * dy - b * dx) / det];
  };
  // How much of the view box one sees: it's cut where the figure has another shape.
  const seen = () => {
    const { width, height } = svg.getBoundingClientRect(), k = Math.max(width / WIDTH, height / HEIGHT) || 1;
    return [width / k / 2, height / k / 2];
  };
  const make = (parent, tag, attributes, text = "") => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    parent.append(made);
    return made;
  };

  function draw() {
    const m = matrix(view), [e, f] = onScreen(0, 0, m);
    ground.setAttribute("transform", `matrix(${[...m, e, f].join(" ")})`);
    svg.classList.toggle("far", view.s < 8 * whole.s);
    const taken = drawPins(m);
    drawBar(taken);
    drawTowns(m, taken);
  }

  // Pins keep their size, and move apart where they would cover each other.
  function drawPins(m) {
    const spots = pins.map((pin) => {
      const [x, y] = onScreen(+pin.dataset.x, +pin.dataset.y, m);
      return { pin, at: [x, y], x, y, r: +pin.dataset.r, fixed: pin.classList.contains("true") };
    });
    for (let round = 0; round < 80; round++) {
      let still = true;
      spots.forEach((a, i) => spots.slice(i + 1).forEach((b) => {
        const dx = b.x - a.x || 0.1, dy = b.y - a.y || 0.1, gap = Math.hypot(dx, dy), lack = a.r + b.r + 1 - gap;
        if (lack < 0.3) return;
        still = false;
        const [p, q] = a.fixed ? [0, 1] : b.fixed ? [1, 0] : [0.5, 0.5];
        a.x -= dx / gap * lack * p, a.y -= dy / gap * lack * p;
        b.x += dx / gap * lack * q, b.y += dy / gap * lack * q;
      }));
      if (still) break;
    }
    return spots.map(({ pin, at, x, y, r }) => {
      pin.setAttribute("transform", `translate(${x} ${y})`);
      const stem = pin.querySelector(".stem");
      stem?.setAttribute("x2", at[0] - x);
      stem?.setAttribute("y2", at[1] - y);
      return [x - r, y - r, x + r, y + r];
    });
  }

  function drawBar(taken) {
    const bar = svg.querySelector(".bar"), [halfWidth, halfHeight] = seen();
    const perKm = view.s * unit, most = 0.5 * halfWidth / perKm, power = 10 ** Math.floor(Math.log10(most));
    const km = [5, 2, 1].find((step) => step * power <= most) * power;
    const left = WIDTH / 2 - halfWidth + 16, y = HEIGHT / 2 + halfHeight - 16;
    bar.style.display = view.s < 20 * whole.s ? "none" : "";
    const [line, text] = bar.children;
    for (const [name, value] of Object.entries({ x1: left, x2: left + km * perKm, y1: y, y2: y })) line.setAttribute(name, value);
    text.setAttribute("x", left + km * perKm / 2);
    text.setAttribute("y", y - 7);
    text.textContent = `${km.toLocaleString("en")} km`;
    if (bar.style.display === "") taken.push([left, y - 22, left + km * perKm, y + 4]);
  }

  // The largest towns in view, as many as fit.
  function drawTowns(m, taken) {
    const layer = svg.querySelector(".towns"), [halfWidth, halfHeight] = seen();
    const free = ([l, t, r, b]) => l > WIDTH / 2 - halfWidth + 4 && r < WIDTH / 2 + halfWidth - 4 && t > HEIGHT / 2 - halfHeight + 4 && b < HEIGHT / 2 + halfHeight - 4
      && taken.every(([x, y, u, v]) => r < x - 4 || l > u + 4 || b < y - 2 || t > v + 2);
    layer.replaceChildren();
    for (const [name, gx, gy] of towns) {
      if (layer.children.length >= 8) break;
      const [x, y] = onScreen(gx, gy, m), width = 7 * name.length;
      const dot = [x - 3, y - 3, x + 3, y + 3];
      const box = [[x + 6, y - 8, x + 6 + width, y + 7], [x - 6 - width, y - 8, x - 6, y + 7]].find((one) => free(one));
      if (!box || !free(dot)) continue;
      const town = make(layer, "g", { class: "town" });
      make(town, "rect", { x: x - 2, y: y - 2, width: 4, height: 4 });
      make(town, "text", { x: box[0], y: y + 4.5 }, name);
      taken.push(dot, box);
    }
  }

  const within = (s) => Math.max(0.8 * whole.s, Math.min(40 / unit, s)); // down to 25 m a pixel
  function fly(target) {
    const from = view, id = ++flight, began = performance.now();
    const far = Math.hypot(target.x - from.x, target.y - from.y);
    const [a, b] = [Math.log(from.s), Math.log(target.s)];
    const dip = far ? Math.max(0, Math.min(a, b) - Math.log(WIDTH / 2 / far)) : 0;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden;
    const step = (now) => {
      if (id !== flight) return;
      const t = still ? 1 : Math.min(1, (now - began) / 900), u = t * t * (3 - 2 * t);
      const mix = (p, q) => p + (q - p) * u;
      view = { x: mix(from.x, target.x), y: mix(from.y, target.y), m: from.m.map((v, i) => mix(v, target.m[i])),
        s: Math.exp(mix(a, b) - dip * 4 * u * (1 - u)) };
      draw();
      if (t < 1) requestAnimationFrame(step);
    };
    step(began);
  }
  function zoom(factor, dx = 0, dy = 0) {
    flight++;
    const before = onGround(dx, dy);
    view = { ...view, s: within(view.s * factor) };
    const after = onGround(dx, dy);
    view = { ...view, x: view.x + before[0] - after[0], y: view.y + before[1] - after[1] };
    draw();
  }
  function pan(dx, dy) {
    flight++;
    const [x, y] = onGround(dx, dy);
    const held = (v, most) => Math.max(-most, Math.min(most, v));
    view = { ...view, x: held(view.x - x, AREA), y: held(view.y - y, AREA / 2) };
    draw();
  }
  const start = view;
  const flyTo = (index) => {
    const pin = pins.find(({ dataset }) => dataset.index === String(index));
    fly({ x: +pin.dataset.x, y: +pin.dataset.y, s: Math.max(start.s, 60 * whole.s), m: JSON.parse(pin.dataset.m) });
  };

  // Pointers: one drags, two pinch. The wheel zooms once one has clicked: before, it scrolls the page.
  const held = new Map();
  let awake = false;
  const units = () => 2 * seen()[0] / svg.getBoundingClientRect().width;
  svg.addEventListener("pointerdown", (event) => {
    awake = true;
    if (event.target.closest(".pin")) return;
    svg.setPointerCapture(event.pointerId);
    held.set(event.pointerId, event);
  });
  svg.addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId);
    if (!last) return;
    const other = [...held.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    if (other) {
      const apart = (p) => Math.hypot(p.clientX - other.clientX, p.clientY - other.clientY);
      zoom(apart(event) / Math.max(apart(last), 1));
    } else pan((event.clientX - last.clientX) * units(), (event.clientY - last.clientY) * units());
    held.set(event.pointerId, event);
  });
  for (const name of ["pointerup", "pointercancel"]) svg.addEventListener(name, (event) => held.delete(event.pointerId));
  svg.addEventListener("pointerleave", () => { awake = false; });
  svg.addEventListener("wheel", (event) => {
    if (!awake && !event.ctrlKey) return;
    event.preventDefault();
    const { left, top, width, height } = svg.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 300), (event.clientX - left - width / 2) * units(), (event.clientY - top - height / 2) * units());
  }, { passive: false });
  svg.addEventListener("dblclick", () => zoom(2));
  svg.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (moves[event.key]) pan(...moves[event.key]);
    else if (event.key === "+" || event.key === "=") zoom(1.6);
    else if (event.key === "-") zoom(1 / 1.6);
    else if (event.key === "0") fly(whole);
    else return;
    event.preventDefault();
  });
  for (const pin of pins) pin.addEventListener("click", () => flyTo(pin.dataset.index));
  new ResizeObserver(draw).observe(svg); // also when it is laid out for print
  draw();
  return { zoom, flyTo, world: () => fly(whole), home: () => fly(start) };
}

try {
  const figure = document.querySelector(".map"), map = atlas(figure.querySelector(".atlas"));
  const acts = { in: () => map.zoom(1.8), out: () => map.zoom(1 / 1.8), world: map.world, home: map.home };
  for (const button of figure.querySelectorAll("[data-act]")) button.addEventListener("click", acts[button.dataset.act]);
  for (const card of document.querySelectorAll("[data-guess]")) card.addEventListener("click", () => {
    map.flyTo(card.dataset.guess);
    figure.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
  figure.querySelector(".tools").hidden = false;
  document.documentElement.dataset.ready = "yes";
} catch (error) {
  const words = document.createElement("p");
  words.className = "trouble";
  words.setAttribute("role", "status");
  words.textContent = `The map stands still here: this browser stopped its script (${error.message}).`;
  document.querySelector(".pair").after(words);
}
