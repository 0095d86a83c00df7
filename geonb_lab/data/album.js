// The contact sheet: filters, groups of photos on the map, and a list of which only the cards in
// view exist, so that thousands of photos scroll like ten.
const photos = JSON.parse(document.getElementById("photos").textContent);
photos.forEach((photo, index) => { photo.index = index; });
const thumbs = []; // each after its card: the page shows the first cards before it has read them all
const sheet = document.getElementById("sheet"), form = document.querySelector(".filters");
const GAP = 12, HEIGHT = 218, LEAST = 160, TOGETHER = 44; // pixels
let shown = photos, chosen = null, onMap = [];

const filtered = () => {
  const { country, radius } = form.elements;
  return photos.filter((photo) => (!country.value || photo.country === country.value)
    && (radius.value === "Infinity" || (photo.radius ?? Infinity) <= +radius.value));
};

function update() {
  const some = onMap = filtered();
  map.draw();
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
    const warned = photo.radius === null;
    line("b", warned ? "unlike all that the model has seen" : photo.town);
    const near = warned ? photo.town : `half within ${Math.round(photo.radius).toLocaleString("en")} km`;
    line("span", `${Math.round(100 * photo.share)}% · ${near}`);
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
function drawGroups(map) {
  const bins = new Map();
  for (const photo of onMap) {
    if (photo.error) continue;
    const spot = map.onScreen(photo.ground ??= map.at(photo.at));
    const key = spot.map((value) => Math.round(value / TOGETHER)).join();
    (bins.get(key) ?? bins.set(key, []).get(key)).push({ photo, spot });
  }
  const groups = document.querySelector(".world .groups");
  groups.replaceChildren();
  for (const members of [...bins.values()].sort((a, b) => b.length - a.length)) {
    const middle = [0, 1].map((i) => members.reduce((sum, { spot }) => sum + spot[i], 0) / members.length);
    const group = svgElement(groups, "g", { class: "group", transform: `translate(${middle})`, tabindex: 0, role: "button",
      "aria-label": `${members.length} photos, such as ${members[0].photo.town}` });
    svgElement(group, "circle", { r: 9 + 3 * Math.log10(members.length) });
    svgElement(group, "text", {}, members.length);
    const choose = () => {
      chosen = new Set(members.map(({ photo }) => photo));
      update();
      map.frame(members.map(({ photo }) => photo.at));
    };
    group.addEventListener("click", choose);
    group.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose()));
  }
}

const map = atlas(document.querySelector(".world .atlas"), { drawn: drawGroups });
const tools = document.querySelector(".world .tools");
mapButtons(tools, map);
tools.querySelector("[data-act=world]").addEventListener("click", () => { chosen = null; update(); });
form.addEventListener("input", () => { chosen = null; update(); });
let waiting = false;
const soon = () => { waiting ||= requestAnimationFrame(() => { waiting = false; drawCards(); }); };
addEventListener("scroll", soon, { passive: true });
addEventListener("resize", soon);
update();
