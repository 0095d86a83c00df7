// The photo and the list of places beside every live map: text for all, buttons for the keyboard.
// Python puts this file before google.js and beside.js; it exports nothing.
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// One button a place, `choose(index)` when it is pressed, or plain text where there is nothing to
// choose; all text comes in as text, never as HTML.
function placeList(model, choose, ...more) {
  const place = ({ mark, text, colour }, index) => {
    const words = [element("b", { textContent: mark, style: `background: ${colour}` }), element("span", { textContent: ` ${text}` })];
    return choose
      ? element("button", { type: "button", onclick: () => choose(index) }, ...words)
      : element("span", {}, ...words);
  };
  const items = model.get("points").map((point, index) => element("li", {}, place(point, index)));
  const lines = model.get("lines").map((line) => element("p", { textContent: line }));
  const { src, alt } = model.get("photo");
  const photo = src ? [element("img", { src, alt })] : [];
  return element("div", {}, ...photo, element("ul", { className: "geonb-list" }, ...items), ...more, ...lines);
}

// Where the picture stands in for a map that can't be drawn, it has the photo and the list too.
function hideList(model, side) {
  const uid = side.dataset.geonbBeside = model.get("uid");
  return element("style", { textContent: `body:has([data-geonb-picture="${uid}"]) [data-geonb-beside="${uid}"] { display: none; }` });
}

// The buttons that show the answer and all pins, where these are two views.
function viewButtons({ answer, bounds }, choose) {
  const button = (textContent, view) => element("button", { type: "button", className: "geonb-view", textContent, onclick: () => choose(view) });
  return answer ? [button("Answer", answer), button("All pins", bounds)] : [];
}

// JupyterLab takes keys before the page does, except from elements that say so.
function keepKeys(box) {
  box.addEventListener("focusin", ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true"));
}

// The picture that stands in for the map, in an output of its own, is hidden while the map lives.
function hidePicture(model) {
  const picture = `[data-geonb-picture="${model.get("uid")}"]`;
  return element("style", { textContent: `${picture}, .jp-OutputArea-child:has(${picture}) { display: none; }` });
}
