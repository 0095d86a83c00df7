// The page of a trip: a map of one day or all, and a card per photo that is accepted, corrected (by
// a click on the map or a town's name) or skipped. Save gives a file of all that isn't known.
const photos = JSON.parse(document.getElementById("photos").textContent);
const slider = document.getElementById("day"), days = JSON.parse(slider.dataset.days);
const sheet = document.getElementById("sheet"), more = document.getElementById("more");
const byId = (id) => document.getElementById(id), AT_ONCE = 60;
const svg = document.querySelector(".world .atlas");
const towns = JSON.parse(svg.dataset.towns); // name, lng, lat; the largest first
const done = new Map(), history = []; // photo's index to what was decided; what undo goes back to
let chosen = -1, picking = -1, limit = AT_ONCE;

const percent = (share) => (share > 0 && share < 0.005 ? "<1%" : `${Math.round(100 * share)}%`);
const today = () => days[+slider.value - 1] ?? "";
const shown = () => photos.map((photo, index) => ({ photo, index })).filter(({ photo }) => !today() || photo.day === today());
const placeOf = (index) => done.get(index)?.at ?? photos[index].at;

function drawSpots(map) {
  const groups = svg.querySelector(".groups");
  groups.replaceChildren();
  const perKm = ([lng, lat]) => {
    const [x, y] = map.onScreen(map.at([lng, lat])), [u, v] = map.onScreen(map.at([lng, lat - Math.sign(lat || 1)]));
    return Math.hypot(x - u, y - v) / 111.2;
  };
  const some = shown(), order = some.filter(({ index }) => index !== chosen).concat(some.filter(({ index }) => index === chosen));
  const seen = new Set(); // of photos that cover each other, one is enough; the list has all
  for (const { photo, index } of order) {
    const at = placeOf(index), spot = map.onScreen(map.at(at)), known = photo.known || done.get(index)?.at;
    const key = `${spot.map((value) => Math.round(value / 4))}${Boolean(known)}`;
    if (index !== chosen && seen.has(key)) continue;
    seen.add(key);
    const group = svgElement(groups, "g", { class: `spot${known ? " known" : ""}${index === chosen ? " chosen" : ""}`,
      transform: `translate(${spot})`, tabindex: 0, role: "button", "aria-label": `${photo.name}, ${photo.town}, ${photo.day} ${photo.time}` });
    if (!known) svgElement(group, "circle", { class: "ring", r: Math.min(Math.max(9, photo.radius * perKm(at)), 4000) });
    svgElement(group, "circle", { class: "dot", r: index === chosen ? 7 : 5 });
    const choose = () => { select(index); byId(`photo-${index}`)?.scrollIntoView({ block: "nearest", behavior: "smooth" }); };
    group.addEventListener("click", choose);
    group.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose()));
  }
  if (chosen >= 0 && !photos[chosen].known) {
    const lone = svgElement(groups, "g", { class: "spot alone", transform: `translate(${map.onScreen(map.at(photos[chosen].alone))})` });
    svgElement(lone, "circle", { class: "dot", r: 9 });
  }
  for (const way of svg.querySelectorAll(".way")) way.style.display = !today() || photos[+way.dataset.to].day === today() ? "" : "none";
}

function select(index) {
  chosen = index;
  for (const card of sheet.children) card.classList.toggle("chosen", card.id === `photo-${index}`);
  map.draw();
}

function decide(index, what) {
  history.push([index, done.get(index)]);
  if (what) done.set(index, what);
  else done.delete(index);
  picking = -1;
  update();
}

function correct(index, [lng, lat], town = `${lat.toFixed(4)}, ${lng.toFixed(4)}`) {
  decide(index, { state: "corrected", town, at: [+lng.toFixed(5), +lat.toFixed(5)] });
  select(index);
}

function update() {
  const of = (state) => [...done.values()].filter((what) => what.state === state).length;
  const open = photos.filter((photo) => !photo.known).length;
  byId("progress").textContent = picking >= 0 ? "Click where the photo was taken, or type a town."
    : `${open} estimated: ${of("accepted")} accepted, ${of("corrected")} corrected, ${of("skipped")} skipped.`;
  byId("undo").disabled = !history.length;
  byId("save").disabled = !done.size;
  byId("when").textContent = today() || "all days";
  slider.setAttribute("aria-valuetext", today() || "all days");
  const focused = document.activeElement?.closest("#sheet li")?.id, act = document.activeElement?.dataset?.do;
  const some = shown();
  sheet.replaceChildren(...some.slice(0, limit).map(({ photo, index }) => card(photo, index)));
  more.hidden = some.length <= limit;
  if (focused) byId(focused)?.querySelector(`[data-do=${act}]`)?.focus();
  map.draw();
}

function card(photo, index) {
  const made = document.createElement("li"), words = document.createElement("div"), what = done.get(index);
  made.id = `photo-${index}`;
  made.className = `${index === chosen ? "chosen " : ""}${index === picking ? "picking" : ""}`;
  const image = Object.assign(document.createElement("img"), { alt: photo.name, decoding: "async", loading: "lazy" });
  if (photo.thumb) image.src = `data:image/webp;base64,${photo.thumb}`;
  words.className = "words";
  const line = (tag, text, kind = "") => Object.assign(words.appendChild(document.createElement(tag)), { textContent: text, className: kind });
  line("b", what?.town ?? photo.town);
  line("span", `${photo.day} ${photo.time} · ${photo.name.split(/[\\/]/).pop()}`);
  if (photo.known) line("span", `known (${photo.known})`);
  else {
    line("span", `together ${percent(photo.share)}`);
    line("span", `alone ${percent(photo.shareAlone)}: ${photo.townAlone}`);
    if (photo.why.length) line("span", photo.why[0]);
  }
  if (photo.fits < 0.5) line("span", photo.known ? "The others contradict this place." : "It fits the others badly.", "odd");
  made.append(image, words);
  if (!photo.known) made.append(acts(index, what));
  made.addEventListener("click", (event) => event.target.closest("button, input") || select(index));
  return made;
}

function acts(index, what) {
  const bar = document.createElement("div");
  bar.className = "acts";
  const act = (name, label, run) => {
    const button = Object.assign(bar.appendChild(document.createElement("button")), { type: "button", textContent: label });
    button.dataset.do = name;
    button.setAttribute("aria-pressed", String(what?.state === name || what?.state === `${name}ed`));
    button.addEventListener("click", run);
  };
  act("accept", "Accept", () => decide(index, { state: "accepted" }));
  act("correct", "Correct", () => { picking = picking === index ? -1 : index; chosen = index; update(); byId(`photo-${index}`).querySelector("input")?.focus(); });
  act("skip", "Skip", () => decide(index, { state: "skipped" }));
  if (index === picking) {
    const input = bar.appendChild(document.createElement("input"));
    input.placeholder = "a town";
    input.setAttribute("list", "towns");
    input.setAttribute("aria-label", "The town where the photo was taken");
    input.addEventListener("change", () => {
      const town = towns.find(([name]) => name.toLowerCase() === input.value.trim().toLowerCase());
      if (!town) { input.setCustomValidity("no such town on this map; click on the map instead"); input.reportValidity(); return; }
      correct(index, town.slice(1), town[0]);
    });
    input.addEventListener("input", () => input.setCustomValidity(""));
  }
  return bar;
}

function save() {
  const rows = photos.map((photo, index) => {
    const { state = "open", at } = done.get(index) ?? {}, place = state === "skipped" ? null : (at ?? photo.at).slice().reverse();
    return { photo: photo.name, state, place, km: at ? 0 : photo.radius, sure: photo.sure };
  }).filter((_, index) => !photos[index].known);
  const url = URL.createObjectURL(new Blob([JSON.stringify({ confirmed: rows }, null, 1)], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: url, download: "confirmed.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

const map = atlas(svg, { drawn: drawSpots, tapped: (lng, lat) => picking >= 0 && correct(picking, [lng, lat]), arrows: true });
const frameTrip = () => { const some = shown(); if (some.length) map.frame(some.map(({ index }) => placeOf(index)), 0.02); };
const tools = document.querySelector(".world .tools");
mapButtons(tools, map);
tools.querySelector("[data-act=home]").addEventListener("click", () => { slider.value = 0; update(); });
byId("towns").replaceChildren(...[...new Set(towns.map(([name]) => name))].map((value) => Object.assign(document.createElement("option"), { value })));
slider.addEventListener("input", () => { limit = AT_ONCE; chosen = picking = -1; update(); frameTrip(); });
more.addEventListener("click", () => { limit += AT_ONCE; update(); });
byId("undo").addEventListener("click", () => {
  const [index, before] = history.pop();
  if (before) done.set(index, before);
  else done.delete(index);
  update();
});
byId("save").addEventListener("click", save);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && picking >= 0) { picking = -1; update(); }
});
update();
document.documentElement.dataset.ready = "yes";
