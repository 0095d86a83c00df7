// The contact sheet: filters, groups of photos on the map, and a list of which only the cards in
// view exist, so that thousands of photos scroll like ten.
const photos = JSON.parse(document.getElementById("photos").textContent);
photos.forEach((photo, index) => { photo.index = index; });
const thumbs = []; // each after its card: the page shows the first cards before it has read them all
const sheet = document.getElementById("sheet"), svg = document.querySelector(".world svg");
const groups = document.getElementById("groups"), form = document.querySelector(".filters");
const SVG = "http://www.w3.org/2000/svg", GAP = 12, HEIGHT = 218, LEAST = 160;
const whole = svg.viewBox.baseVal, world = { x: 0, y: 0, zoom: 1 };
const full = { width: whole.width, height: whole.height };
let shown = photos, view = { ...world }, chosen = null;

const filtered = () => {
  const { country, radius } = form.elements;
  return photos.filter((photo) => (!country.value || photo.country === country.value)
    && (radius.value === "Infinity" || (photo.radius ?? Infinity) <= +radius.value));
};

function update() {
  const some = filtered();
  drawGroups(some);
  shown = chosen ? some.filter((photo) => chosen.has(photo)) : some;
  const failed = shown.filter((photo) => photo.error).length;
  document.getElementById("shown").textContent = `${shown.length.toLocaleString("en")} shown`
    + (failed ? `, ${failed.toLocaleString("en")} of them could not be located` : "")
    + (chosen ? "; press World for all of them" : "");
  cards.clear();
  sheet.replaceChildren();
  drawCards();
}

function addThumbs(some) {
  thumbs.push(...some);
  for (const [number, card] of cards) showThumb(card, shown[number]);
}

function showThumb(card, photo) {
  const image = card.firstChild, thumb = thumbs[photo.index];
  if (thumb && !image.src) image.src = `data:image/webp;base64,${thumb}`;
}

// Only the rows around the window have cards; those that stay are left where they are.
const cards = new Map();
let placed = 0;
function drawCards() {
  const columns = Math.max(1, Math.floor((sheet.clientWidth + GAP) / (LEAST + GAP)));
  const width = (sheet.clientWidth + GAP) / columns - GAP, rows = Math.ceil(shown.length / columns);
  sheet.style.height = `${rows * (HEIGHT + GAP)}px`;
  const top = -sheet.getBoundingClientRect().top, spare = 2 * (HEIGHT + GAP);
  const first = Math.max(0, Math.floor((top - spare) / (HEIGHT + GAP))) * columns;
  const last = Math.min(shown.length, Math.ceil((top + innerHeight + spare) / (HEIGHT + GAP)) * columns);
  for (const [number, card] of cards) {
    if (number >= first && number < last) continue;
    card.remove();
    cards.delete(number);
  }
  for (let number = first; number < last; number++) {
    if (width === placed && cards.has(number)) continue;
    const card = cards.get(number) ?? makeCard(number);
    card.style.cssText = `left:${(number % columns) * (width + GAP)}px;top:${Math.floor(number / columns) * (HEIGHT + GAP)}px;width:${width}px;height:${HEIGHT}px`;
  }
  placed = width;
}

function makeCard(number) {
  const photo = shown[number], card = document.createElement("li"), name = photo.photo.split(/[\\/]/).pop();
  const image = document.createElement("img"), words = document.createElement("div");
  Object.assign(image, { alt: name, decoding: "async" });
  const line = (tag, text) => Object.assign(words.appendChild(document.createElement(tag)), { textContent: text, title: text });
  if (photo.error) {
    card.className = "failed";
    line("b", photo.error);
  } else {
    line("b", photo.town);
    line("span", `${Math.round(100 * photo.share)}% · half within ${Math.round(photo.radius).toLocaleString("en")} km`);
    if (photo.off !== null) line("span", `${photo.off.toLocaleString("en")} km off`);
  }
  line("span", name).title = photo.photo;
  card.ariaSetSize = shown.length;
  card.ariaPosInSet = number + 1;
  card.append(image, words);
  showThumb(card, photo);
  sheet.append(card);
  cards.set(number, card);
  return card;
}

// Photos that would cover each other on the screen are one circle.
function drawGroups(some) {
  const width = full.width / view.zoom, pixel = width / (svg.clientWidth || 1), cell = 44 * pixel;
  Object.assign(whole, { x: view.x - width / 2, y: view.y - full.height / view.zoom / 2, width, height: full.height / view.zoom });
  const bins = new Map();
  for (const photo of some) {
    if (photo.error) continue;
    const key = photo.at.map((value) => Math.round(value / cell)).join();
    (bins.get(key) ?? bins.set(key, []).get(key)).push(photo);
  }
  groups.replaceChildren(...[...bins.values()].sort((a, b) => b.length - a.length).map((members) => {
    const middle = [0, 1].map((i) => members.reduce((sum, photo) => sum + photo.at[i], 0) / members.length);
    const group = document.createElementNS(SVG, "g"), circle = document.createElementNS(SVG, "circle");
    const text = document.createElementNS(SVG, "text"), radius = (9 + 3 * Math.log10(members.length)) * pixel;
    group.setAttribute("class", "group");
    group.setAttribute("transform", `translate(${middle})`);
    group.setAttribute("tabindex", 0);
    group.setAttribute("role", "button");
    group.setAttribute("aria-label", `${members.length} photos, such as ${members[0].town}`);
    circle.setAttribute("r", radius);
    text.textContent = members.length;
    text.setAttribute("font-size", 11 * pixel);
    const choose = () => {
      chosen = new Set(members);
      view = { x: middle[0], y: middle[1], zoom: Math.min(view.zoom * 3, 400) };
      update();
    };
    group.addEventListener("click", choose);
    group.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose()));
    group.append(circle, text);
    return group;
  }));
}

const zoom = (factor) => { view.zoom = Math.max(1, Math.min(view.zoom * factor, 400)); drawGroups(filtered()); };
document.querySelector(".world .tools").addEventListener("click", (event) => {
  const act = event.target.dataset.act;
  if (act === "in") zoom(2);
  if (act === "out") zoom(0.5);
  if (act === "world") { view = { ...world }; chosen = null; update(); }
});
let held = null;
svg.addEventListener("pointerdown", (event) => { held = [event.clientX, event.clientY]; });
addEventListener("pointerup", () => { held = null; });
svg.addEventListener("pointermove", (event) => {
  if (!held) return;
  const pixel = whole.width / svg.clientWidth;
  view.x = Math.max(-full.width / 2, Math.min(full.width / 2, view.x - (event.clientX - held[0]) * pixel));
  view.y = Math.max(-full.height / 2, Math.min(full.height / 2, view.y - (event.clientY - held[1]) * pixel));
  held = [event.clientX, event.clientY];
  drawGroups(filtered());
});
form.addEventListener("input", () => { chosen = null; update(); });
let waiting = false;
const soon = () => { waiting ||= requestAnimationFrame(() => { waiting = false; drawCards(); }); };
addEventListener("scroll", soon, { passive: true });
addEventListener("resize", () => { drawGroups(filtered()); soon(); });
update();
