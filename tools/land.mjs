// Land outlines and borders for geonb's maps, as one small GeoJSON: Natural Earth 1:50m (public domain,
// by way of world-atlas), simplified, two decimals, unwrapped at the ±180° line for planar drawing.
import { readFileSync } from "node:fs";
import { feature, mesh } from "topojson-client";
import { presimplify, simplify } from "topojson-simplify";

const LEAST_TRIANGLE = 0.036; // square degrees: corners that matter less are left out; fits 200 kB
const KEPT_ISLAND = 0.03; // square degrees: the smallest island that is drawn

const source = JSON.parse(readFileSync(new URL("node_modules/world-atlas/countries-50m.json", import.meta.url)));
const world = simplify(presimplify(source), LEAST_TRIANGLE);

// world-atlas joins its rings across the ±180° line, which suits a globe: on a plane each step must be short.
function unwrap(line) {
  let turn = 0;
  return line.map(([x, y], i) => {
    const step = i ? x - line[i - 1][0] : 0;
    if (step > 180) turn -= 360;
    if (step < -180) turn += 360;
    return [x + turn, y];
  });
}

// A ring around a pole does not come back to its own start: it is closed along the map's edge.
function closed(ring) {
  const line = unwrap(ring), [first, last] = [line[0], line.at(-1)];
  if (Math.abs(last[0] - first[0]) < 180) return line;
  const pole = first[1] < 0 ? -90 : 90;
  return [...line, [last[0], pole], [first[0], pole], first];
}

const round = (line) => line.map(([x, y]) => [+x.toFixed(2), +y.toFixed(2)])
  .filter(([x, y], i, all) => !i || x !== all[i - 1][0] || y !== all[i - 1][1]);
const area = (ring) => Math.abs(ring.reduce((sum, [x, y], i) => {
  const [u, v] = ring[(i + 1) % ring.length];
  return sum + x * v - u * y;
}, 0)) / 2;

const collection = feature(world, world.objects.land);
const polygons = (collection.features ?? [collection]).flatMap(({ geometry }) =>
  geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates);
const land = polygons
  .map((polygon) => polygon.map((ring) => round(closed(ring))).filter((ring) => ring.length > 3 && area(ring) > KEPT_ISLAND))
  .filter((polygon) => polygon.length);
const borders = mesh(world, world.objects.countries, (a, b) => a !== b).coordinates
  .map((line) => round(unwrap(line))).filter((line) => line.length > 1);

const part = (name, type, coordinates) => ({ type: "Feature", properties: { name }, geometry: { type, coordinates } });
console.log(JSON.stringify({
  type: "FeatureCollection",
  source: "Natural Earth 1:50m, public domain, https://www.naturalearthdata.com",
  features: [part("land", "MultiPolygon", land), part("borders", "MultiLineString", borders)],
}));
