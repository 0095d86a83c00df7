// The street laboratory: knobs, the picture, the five guesses as bars and on the world (atlas.js).

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const percent = (share) => `${Math.round(100 * share)}%`;
const inWords = (guess) => `${guess.town} ${percent(guess.probability)}`;

function render({ model, el }) {
  let asked = 0, turned = null, known = null, foreseen = 0, tried = 0, waiting = false;
  const picture = make("img", { className: "geonb-street-picture" });
  const bars = make("ol", { className: "geonb-street-bars" });
  const frame = make("div", { className: "geonb-street-map" });
  const said = make("p", { className: "geonb-street-said" });
  said.setAttribute("role", "status");
  const stays = make("button", { textContent: "It stays" });
  const moves = make("button", { textContent: "It moves" });
  const question = make("span", { hidden: true }, stays, moves);
  const first = make("input", { type: "checkbox", checked: true });
  const reset = make("button", { textContent: "Street as it was" });
  const bar = make("div", { className: "geonb-street-bar" }, question, reset,
    make("label", {}, first, " Predict first"));
  const knobs = make("div", { className: "geonb-street-knobs" });
  el.classList.add("geonb-street");
  el.append(make("div", { className: "geonb-street-row" }, picture,
    make("div", { className: "geonb-street-answer" }, bars, frame)), said, bar, knobs);

  const selects = new Map(model.get("_knobs").map(([knob, choices]) => {
    const select = make("select", {}, ...choices.map((choice) => make("option", { textContent: choice })));
    select.addEventListener("change", () => {
      turned = { knob, choice: select.value, select };
      send({ type: "turn", knob, choice: select.value });
    });
    knobs.append(make("label", {}, make("span", { textContent: knob }), select));
    return [knob, select];
  }));
  frame.innerHTML = model.get("_world"); // made by the kernel, of land alone
  const map = atlas(frame.firstElementChild);

  function send(message) {
    asked += 1;
    waiting = first.checked && message.type === "turn";
    model.send({ ...message, asked });
  }
  function pins(answer) {
    const layer = frame.querySelector(".pins");
    layer.replaceChildren();
    answer.map((guess, i) => [guess, i]).reverse().forEach(([{ place: [lat, lng], ...guess }, i]) => {
      const r = i ? 5 : 10;
      const pin = svgElement(layer, "g", { class: i ? "pin" : "pin best", "data-at": JSON.stringify([lng, lat]), "data-r": r });
      svgElement(pin, "title", {}, inWords(guess));
      svgElement(pin, "line", { class: "stem" });
      svgElement(pin, "circle", { r });
    });
    map.draw();
  }
  function reveal(answer) {
    bars.replaceChildren(...answer.map((guess) => make("li", {},
      make("span", { textContent: guess.town }),
      make("meter", { value: guess.probability, ariaHidden: "true" }),
      make("b", { textContent: percent(guess.probability) }))));
    bars.classList.remove("geonb-street-hidden");
    pins(answer);
    question.hidden = true;
    known = answer;
  }
  function show() {
    const { alt, answer, settings, asked: number } = model.get("_seen");
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(new Blob([model.get("_picture")], { type: "image/jpeg" }));
    picture.alt = alt;
    for (const [knob, select] of selects) select.value = settings[knob];
    if (number && number === asked && waiting) {
      bars.classList.add("geonb-street-hidden");
      frame.querySelector(".pins").replaceChildren();
      question.hidden = false;
      said.textContent = `${turned.knob}: ${turned.choice}. The model said ${known[0].city}. ` +
        "Will its first guess stay there? (keys S and M)";
      return;
    }
    if (number && number !== asked) return; // a newer question is under way
    const before = known;
    reveal(answer);
    said.textContent = before && turned && number ? change(before, answer) : `The model says ${inWords(answer[0])}.`;
  }
  const change = ([before], [after]) => before.city === after.city
    ? `It stays: ${after.city}, ${percent(before.probability)} before, ${percent(after.probability)} now.`
    : `It moves: from ${inWords(before)} to ${inWords(after)}.`;
  function predict(stay) {
    if (question.hidden) return;
    const before = known, { answer } = model.get("_seen");
    const right = (before[0].city === answer[0].city) === stay;
    tried += 1;
    foreseen += right;
    waiting = false;
    reveal(answer);
    said.textContent = `${right ? "Right." : "Not so."} ${change(before, answer)} ` +
      `You foresaw ${foreseen} of ${tried}.`;
    turned.select.focus();
  }
  stays.addEventListener("click", () => predict(true));
  moves.addEventListener("click", () => predict(false));
  reset.addEventListener("click", () => { turned = null; send({ type: "reset" }); });
  first.addEventListener("change", () => { if (!first.checked && !question.hidden) { waiting = false; show(); } });
  // Keys that are used here must not reach JupyterLab's shortcuts, nor a list's search by letters.
  el.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (question.hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "s" || event.key === "m") {
      event.preventDefault();
      predict(event.key === "s");
    }
  });
  const refused = (message) => { if (message.type === "refused") said.textContent = message.text; };
  model.on("change:_seen", show);
  model.on("msg:custom", refused);
  show();
  return () => { model.off("change:_seen", show); model.off("msg:custom", refused); };
}

export default { render };
