// The list beside a map that another widget draws: it looks for the map in the box of both.
function render({ model, el }) {
  el.classList.add("geonb");
  let box;
  const pin = model.get("pin");
  const open = (index) => box?.querySelector(`${pin}[data-geonb="${index}"]`)?.click();
  el.append(placeList(model, pin && open));
  const hidden = hidePicture(model);
  const whileShown = new ResizeObserver(([{ target }]) => { hidden.disabled = !target.clientHeight; });
  const timer = setInterval(() => { // the map comes in its own time, or, without its network, never
    box = el.closest(".geonb-box");
    const map = box?.querySelector(model.get("map"));
    if (!map) return;
    clearInterval(timer);
    keepKeys(box);
    map.setAttribute("role", "region");
    map.setAttribute("aria-label", model.get("alt"));
    el.append(hidden);
    whileShown.observe(map); // gmaps takes its map away where Google rejects the key
  }, 100);
  return () => { clearInterval(timer); whileShown.disconnect(); };
}
export default { render };
