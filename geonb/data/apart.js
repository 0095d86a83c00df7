// Python puts this file before the scripts of maps that have pins.
// Circles {x, y, r, fixed} are moved apart until none covers another; those that are fixed stay.
function moveApart(spots) {
  for (let round = 0; round < 80; round++) {
    let still = true;
    spots.forEach((a, i) => spots.slice(i + 1).forEach((b) => {
      const dx = b.x - a.x || 0.1, dy = b.y - a.y || 0.1, gap = Math.hypot(dx, dy), lack = a.r + b.r + 1 - gap;
      if (lack < 0.3) return;
      still = false;
      const [p, q] = a.fixed ? [0, 1] : b.fixed ? [1, 0] : [0.5, 0.5];
      a.x -= dx / gap * lack * p, a.y -= dy / gap * lack * p;
      b.x += dx / gap * lack * q, b.y += dy / gap * lack * q;
    }));
    if (still) break;
  }
}
