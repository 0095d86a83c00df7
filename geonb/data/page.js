// The page of one photo: its map, its buttons, and its cards, each of which flies to a guess.
try {
  const figure = document.querySelector(".map"), map = atlas(figure.querySelector(".atlas"));
  const pins = new Map([...figure.querySelectorAll(".pin")].map((pin) => [pin.dataset.index, pin]));
  const flyTo = (index) => map.flyTo(JSON.parse(pins.get(index).dataset.at));
  for (const [index, pin] of pins) pin.addEventListener("click", () => flyTo(index));
  for (const card of document.querySelectorAll("[data-guess]")) card.addEventListener("click", () => {
    flyTo(card.dataset.guess);
    figure.scrollIntoView({ block: "nearest", behavior: "smooth" });
  });
  mapButtons(figure.querySelector(".tools"), map);
  document.documentElement.dataset.ready = "yes";
} catch (error) {
  const words = document.createElement("p");
  words.className = "trouble";
  words.setAttribute("role", "status");
  words.textContent = `The map stands still here: this browser stopped its script (${error.message}).`;
  document.querySelector(".pair").after(words);
}
