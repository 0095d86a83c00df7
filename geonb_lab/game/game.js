// The guessing game: a photo, an offline land map to click on, and what everybody guessed.

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = ["#7b3294", "#b34700", "#555555"]; // you, the model, the constant guess
const WORLD = { x: -180, y: -84, width: 360, height: 144 };

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const draw = (tag, attributes, ...children) => {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
const inWords = ([lat, lng]) =>
  `${Math.abs(lat).toFixed(2)}° ${lat < 0 ? "S" : "N"}, ${Math.abs(lng).toFixed(2)}° ${lng < 0 ? "W" : "E"}`;
const inKm = (km) => {
  const digits = km < 100 ? 1 : 0;
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${km.toLocaleString("en", format)} km`;
};

// What the kernel sent to each game, by its uid: it sends before there is a view to show it.
const arrived = new Map();

function initialize({ model }) {
  const uid = model.get("_uid");
  model.on("msg:custom", (message, buffers) => {
    if (!["land", "photo", "result"].includes(message.type)) return;
    const kept = arrived.get(uid) ?? {};
    if (message.type === "photo") delete kept.result;
    arrived.set(uid, { ...kept, [message.type]: [message, buffers] });
  });
}

function render({ model, el }) {
  let view = { ...WORLD }, guess = null, result = null, dragged = null;
  const photo = make("img", { className: "geonb-game-photo" });
  const land = draw("g", { class: "geonb-game-land" });
  const marks = draw("g", {});
  const map = draw("svg", { class: "geonb-game-map", tabindex: 0, role: "application" }, land, marks);
  map.setAttribute("aria-label",
    "World map. Click to place your guess, or move it with the arrow keys; plus and minus zoom.");
  const count = make("strong");
  const town = make("input", { type: "text", placeholder: "or type a town, or 35.7, 139.7" });
  town.setAttribute("aria-label", "A town, or latitude and longitude");
  const button = make("button", { textContent: "Guess", disabled: true });
  const zoomIn = make("button", { textContent: "+", title: "zoom in" });
  const zoomOut = make("button", { textContent: "−", title: "zoom out" });
  const said = make("p", { className: "geonb-game-said" });
  said.setAttribute("role", "status");
  const table = make("div");
  const bar = make("div", { className: "geonb-game-bar" }, count, button, town, zoomIn, zoomOut);
  el.classList.add("geonb-game");
  el.append(make("div", { className: "geonb-game-row" }, photo, map), bar, said, table);

  function pin([lat, lng], colour, name, star) {
    const r = view.width / 70;
    const at = `translate(${lng} ${-lat}) scale(${r})`;
    const shape = star
      ? draw("path", { d: "M0-1.3.4-.4 1.3-.4.6.2.8 1.1 0 .6-.8 1.1-.6.2-1.3-.4-.4-.4Z", fill: "#00664b" })
      : draw("path", { d: "M0 0C-.3-.9-.8-1.1-.8-1.8A.8.8 0 0 1 .8-1.8C.8-1.1.3-.9 0 0Z", fill: colour });
    shape.setAttribute("stroke", "white");
    shape.setAttribute("stroke-width", ".15");
    return draw("g", { transform: at }, shape, draw("title", {}, name));
  }
  function update() {
    map.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    const shown = [];
    if (result) {
      result.lines.forEach((line, i) => [-360, 0, 360].forEach((turn) => shown.push(
        draw("polyline", { points: line.map(([x, y]) => `${x + turn},${-y}`).join(" "), fill: "none",
          stroke: COLOURS[i], "stroke-width": view.width / 300, "stroke-dasharray": view.width / 100 }))));
      result.players.map((p, i) => [p, i]).reverse()
        .forEach(([p, i]) => shown.push(pin(p.place, COLOURS[i], `${p.name}, ${inKm(p.km)} off`)));
      shown.push(pin(result.truth, "", "the true place", true));
    } else if (guess) shown.push(pin(guess, COLOURS[0], "your guess"));
    marks.replaceChildren(...shown);
  }
  function place(lat, lng) {
    if (result) return;
    guess = [Math.max(-90, Math.min(90, lat)), ((lng + 540) % 360) - 180];
    button.disabled = false;
    said.textContent = `Your guess: ${inWords(guess)}`;
    update();
  }
  // What lies under a pixel, in the map's units.
  function under(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.getScreenCTM().inverse());
    return [at.x, at.y];
  }
  function zoom(factor, x = view.x + view.width / 2, y = view.y + view.height / 2) {
    const width = Math.min(WORLD.width, Math.max(2, view.width * factor)), f = width / view.width;
    view = { x: x - (x - view.x) * f, y: y - (y - view.y) * f, width, height: width * 0.4 };
    if (width === WORLD.width) view = { ...WORLD };
    update();
  }
  function frame(places) {
    const xs = places.map((p) => p[1]), ys = places.map((p) => -p[0]);
    const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
    const span = Math.max(Math.max(...xs) - Math.min(...xs), (Math.max(...ys) - Math.min(...ys)) / 0.4);
    const width = Math.max(12, span * 1.3);
    view = width >= WORLD.width ? { ...WORLD }
      : { x: middle(xs) - width / 2, y: middle(ys) - width * 0.2, width, height: width * 0.4 };
    update();
  }
  const send = (message) => model.send(message);
  const act = () => {
    if (button.disabled) return;
    button.disabled = true;
    send(result ? { type: "next" } : { type: "guess", place: guess });
  };

  map.addEventListener("pointerdown", (event) => {
    dragged = { x: event.clientX, y: event.clientY, view: { ...view }, far: false };
    map.setPointerCapture(event.pointerId);
  });
  map.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const unit = dragged.view.width / map.clientWidth;
    const dx = event.clientX - dragged.x, dy = event.clientY - dragged.y;
    if (Math.hypot(dx, dy) > 4) dragged.far = true;
    if (dragged.far && view.width < WORLD.width) {
      view = { ...view, x: dragged.view.x - dx * unit, y: dragged.view.y - dy * unit };
      update();
    }
  });
  map.addEventListener("pointerup", (event) => {
    if (dragged && !dragged.far) {
      const [x, y] = under(event);
      place(-y, x);
    }
    dragged = null;
  });
  map.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? 0.7 : 1.4, ...under(event));
  }, { passive: false });
  const step = () => view.width / 100;
  const keys = {
    ArrowUp: () => [step(), 0], ArrowDown: () => [-step(), 0],
    ArrowLeft: () => [0, -step()], ArrowRight: () => [0, step()],
  };
  // Keys that are used here must not reach JupyterLab's shortcuts.
  el.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.target !== map) return;
    if (keys[event.key]) {
      const [up, right] = keys[event.key](), [lat, lng] = guess ?? [0, 0];
      place(lat + up, lng + right);
    } else if (event.key === "+") zoom(0.7);
    else if (event.key === "-") zoom(1.4);
    else if (event.key === "Enter") act();
    else return;
    event.preventDefault();
  });
  town.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && town.value.trim()) send({ type: "town", text: town.value });
  });
  button.addEventListener("click", act);
  zoomIn.addEventListener("click", () => zoom(0.7));
  zoomOut.addEventListener("click", () => zoom(1.4));

  const takes = {
    land: (message) => land.replaceChildren(
      ...[-360, 0, 360].map((turn) =>
        draw("path", { d: message.paths.join(""), transform: `translate(${turn} 0)` }))),
    photo: (message, [bytes]) => {
      URL.revokeObjectURL(photo.src);
      photo.src = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
      photo.alt = message.alt;
      count.textContent = message.of > 1 ? `Photo ${message.number} of ${message.of}` : "";
      [guess, result, view] = [null, null, { ...WORLD }];
      Object.assign(button, { textContent: "Guess", disabled: true, hidden: false });
      Object.assign(town, { value: "", hidden: false });
      said.textContent = "Where was this photo taken? Click on the map.";
      update();
    },
    place: (message) => {
      place(...message.place);
      frame([[guess[0] - 8, guess[1] - 20], [guess[0] + 8, guess[1] + 20]]);
    },
    refused: (message) => { said.textContent = message.text; button.disabled = !guess; },
    result: (message) => {
      result = message;
      town.hidden = true;
      Object.assign(button, { textContent: "Next photo", disabled: !message.more, hidden: !message.more });
      said.replaceChildren(...message.players.map((p, i) => {
        const dot = make("span", { className: "geonb-game-dot" });
        dot.style.background = COLOURS[i];
        return make("span", {}, dot, `${p.name}: ${inKm(p.km)} off. `);
      }), "★ the true place.");
      table.innerHTML = message.table; // escaped by the kernel
      frame([message.truth, ...message.players.slice(0, 2).map((p) => p.place)]);
    },
  };
  const receive = (message, buffers) => takes[message.type]?.(message, buffers);
  model.on("msg:custom", receive);
  update();
  const { land: outlines, photo: first, result: last } = arrived.get(model.get("_uid")) ?? {};
  if (outlines && first) [outlines, first, last].forEach((sent) => sent && receive(...sent));
  else send({ type: "ready" }); // a page that was reloaded
  return () => model.off("msg:custom", receive);
}

export default { initialize, render };
