// The list beside a map that another widget draws: it looks for the map in the box of both.
function render({ model, el }) {
  el.classList.add("geonb");
  let box;
  const open = (index) => box?.querySelector(`.leaflet-marker-icon [data-geonb="${index}"]`)?.click();
  el.append(placeList(model, open));
  const timer = setInterval(() => { // the map comes in its own time, or, without its network, never
    box = el.closest(".geonb-box");
    const map = box?.querySelector(model.get("map"));
    if (!map) return;
    clearInterval(timer);
    keepKeys(box);
    map.setAttribute("role", "region");
    map.setAttribute("aria-label", model.get("alt"));
    el.append(hidePicture(model));
  }, 100);
  return () => clearInterval(timer);
}
export default { render };
