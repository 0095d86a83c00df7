// Land outlines and borders for geonb's maps, from Natural Earth (public domain, by way of world-atlas),
// simplified, and unwrapped at the ±180° line for planar drawing:
// land.geojson, 1:50m, two decimals, for the whole world; coasts.json.gz, 1:10m, for close-ups.
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { feature, mesh } from "topojson-client";
import { presimplify, simplify } from "topojson-simplify";

const DATA = new URL("../geonb/data/", import.meta.url);
const read = (name, leastTriangle) => {
  const source = JSON.parse(readFileSync(new URL(`node_modules/world-atlas/${name}.json`, import.meta.url)));
  return simplify(presimplify(source), leastTriangle); // square degrees: corners that matter less are left out
};

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

const rounder = (digits) => (line) => line.map(([x, y]) => [+x.toFixed(digits), +y.toFixed(digits)])
  .filter(([x, y], i, all) => !i || x !== all[i - 1][0] || y !== all[i - 1][1]);
const area = (ring) => Math.abs(ring.reduce((sum, [x, y], i) => {
  const [u, v] = ring[(i + 1) % ring.length];
  return sum + x * v - u * y;
}, 0)) / 2;

function outlines(world, digits, leastIsland) {
  const round = rounder(digits);
  const collection = feature(world, world.objects.land);
  const polygons = (collection.features ?? [collection]).flatMap(({ geometry }) =>
    geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates);
  const land = polygons
    .map((polygon) => polygon.map((ring) => round(closed(ring))).filter((ring) => ring.length > 3 && area(ring) > leastIsland))
    .filter((polygon) => polygon.length);
  const borders = mesh(world, world.objects.countries, (a, b) => a !== b).coordinates
    .map((line) => round(unwrap(line))).filter((line) => line.length > 1);
  return { land, borders };
}

const part = (name, type, coordinates) => ({ type: "Feature", properties: { name }, geometry: { type, coordinates } });
const whole = outlines(read("countries-50m", 0.036), 2, 0.03); // fits 200 kB; islands of 0.03 square degrees and more
writeFileSync(new URL("land.geojson", DATA), `${JSON.stringify({
  type: "FeatureCollection",
  source: "Natural Earth 1:50m, public domain, https://www.naturalearthdata.com",
  features: [part("land", "MultiPolygon", whole.land), part("borders", "MultiLineString", whole.borders)],
})}\n`);

// Thousandths of a degree, about 100 m: the steps from each point to the next, through all lines.
function packed(lines) {
  let [u, v] = [0, 0];
  const steps = lines.flat().flatMap(([x, y]) => {
    const step = [Math.round(1000 * x) - u, Math.round(1000 * y) - v];
    u += step[0], v += step[1];
    return step;
  });
  return { points: lines.map((line) => line.length), steps };
}
const fine = outlines(read("countries-10m", 0.00002), 3, 0);
writeFileSync(new URL("coasts.json.gz", DATA), gzipSync(JSON.stringify({
  source: "Natural Earth 1:10m, public domain, https://www.naturalearthdata.com",
  land: packed(fine.land.flat()),
  borders: packed(fine.borders),
}), { level: 9 }));
