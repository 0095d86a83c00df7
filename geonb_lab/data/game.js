// The guessing game: a photo, the world to click on (atlas.js), and what everybody guessed.

const COLOURS = ["#7b3294", "#b34700", "#555555"]; // you, the model, the constant guess
const STAR = "M0-10 2.6-3.3 9.6-3.1 4 1.3 6 8.1 0 4.2-6 8.1-4 1.3-9.6-3.1-2.6-3.3Z";

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
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
    if (!["map", "photo", "result"].includes(message.type)) return;
    const kept = arrived.get(uid) ?? {};
    if (message.type === "photo") delete kept.result;
    arrived.set(uid, { ...kept, [message.type]: [message, buffers] });
  });
}

function render({ model, el }) {
  let map = null, guess = null, result = null, asked = "", named = ""; // the town that was typed, if any
  const photo = make("img", { className: "geonb-game-photo" });
  const frame = make("div", { className: "geonb-game-map" });
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
  el.append(make("div", { className: "geonb-game-row" }, photo, frame), bar, said, table);

  function pin([lat, lng], title, colour) {
    const r = colour ? 8 : 10, kind = colour ? "pin" : "pin true";
    const made = svgElement(frame.querySelector(".pins"), "g", { class: kind, "data-at": JSON.stringify([lng, lat]), "data-r": r });
    svgElement(made, "title", {}, title);
    if (!colour) return svgElement(made, "path", { d: STAR });
    svgElement(made, "line", { class: "stem", style: `stroke: ${colour}` });
    svgElement(made, "circle", { r, style: `fill: ${colour}` });
  }
  function update() {
    if (!map) return;
    const ways = frame.querySelector(".ways");
    for (const layer of [ways, frame.querySelector(".pins")]) layer.replaceChildren();
    if (result) {
      result.ways.forEach((d, i) => svgElement(ways, "path", { class: "way", d, style: `stroke: ${COLOURS[i]}` }));
      result.players.map((p, i) => [p, i]).reverse().forEach(([p, i]) => pin(p.place, `${p.name}, ${inKm(p.km)} off`, COLOURS[i]));
      pin(result.truth, "the true place");
    } else if (guess) pin(guess, "your guess", COLOURS[0]);
    map.draw();
  }
  function place(lat, lng) {
    if (result) return;
    guess = [Math.max(-90, Math.min(90, lat)), ((lng + 540) % 360) - 180];
    named = "";
    button.disabled = false;
    said.textContent = `Your guess: ${inWords(guess)}`;
    update();
  }
  const send = (message) => model.send(message);
  const act = () => {
    if (button.disabled) return;
    button.disabled = true;
    send(result ? { type: "next" } : { type: "guess", place: guess, name: named });
  };

  const moves = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  // Keys that are used here must not reach JupyterLab's shortcuts.
  el.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (!event.target.classList.contains("atlas")) return;
    if (moves[event.key]) {
      const [up, right] = moves[event.key], [lat, lng] = guess ?? [0, 0], step = map.degrees();
      place(lat + up * step, lng + right * step);
    } else if (event.key === "Enter") act();
    else return;
    event.preventDefault();
  });
  town.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !town.value.trim()) return;
    if (named && town.value === asked) act();
    else send({ type: "town", text: asked = town.value });
  });
  button.addEventListener("click", act);
  zoomIn.addEventListener("click", () => map?.zoom(1.8));
  zoomOut.addEventListener("click", () => map?.zoom(1 / 1.8));

  const takes = {
    map: ({ svg }) => {
      frame.innerHTML = svg; // made by the kernel, of land alone
      map = atlas(frame.firstElementChild, { tapped: (lng, lat) => place(lat, lng) });
    },
    photo: (message, [bytes]) => {
      URL.revokeObjectURL(photo.src);
      photo.src = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
      photo.alt = message.alt;
      count.textContent = message.of > 1 ? `Photo ${message.number} of ${message.of}` : "";
      [guess, result] = [null, null];
      Object.assign(button, { textContent: "Guess", disabled: true, hidden: false });
      Object.assign(town, { value: "", hidden: false });
      said.textContent = "Where was this photo taken? Click on the map.";
      map?.world();
      update();
    },
    place: (message) => {
      place(...message.place);
      named = message.name;
      if (named) said.textContent = `Do you mean ${named}? Then press Guess, or Enter once more.`;
      map?.flyTo([guess[1], guess[0]]);
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
      update();
      map?.frame([message.truth, ...message.players.slice(0, 2).map((p) => p.place)].map(([lat, lng]) => [lng, lat]));
    },
  };
  const receive = (message, buffers) => takes[message.type]?.(message, buffers);
  model.on("msg:custom", receive);
  update();
  const { map: world, photo: first, result: last } = arrived.get(model.get("_uid")) ?? {};
  if (world && first) [world, first, last].forEach((sent) => sent && receive(...sent));
  else send({ type: "ready" }); // a page that was reloaded
  return () => model.off("msg:custom", receive);
}

export default { initialize, render };
