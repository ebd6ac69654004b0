// Logarithmic axes. Files may say anything: what no machine does is drawn at the edge.

const kLeast = 1e-9, kMost = 1e15;

function logScale(values, from, to) {
  const sane = values.map(v => Math.min(kMost, Math.max(kLeast, v)));
  let low = Math.min(...sane), high = Math.max(...sane);
  low = Math.pow(10, Math.log10(low) - 0.08);
  high = Math.pow(10, Math.log10(high) + 0.08);
  const span = Math.log(high / low) || 1;
  const scale = v => from + (Math.log(Math.min(high, Math.max(low, v)) / low) / span) * (to - from);
  scale.low = low;
  scale.high = high;
  scale.ticks = logTicks(low, high);
  return scale;
}

// 1, 2, 5 of each decade where there is room for them, else only powers of ten, at most about eight.
function logTicks(low, high) {
  const decades = Math.log10(high / low);
  const steps = decades > 3.5 ? [1] : decades > 1.6 ? [1, 3] : decades > 0.9 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
  const every = Math.max(1, Math.ceil(decades / 8));
  const ticks = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++) {
    if (((e % every) + every) % every) continue;
    for (const step of steps) {
      const v = step * Math.pow(10, e);
      if (v >= low && v <= high) ticks.push(v);
    }
  }
  return ticks;
}

function tickText(v) {
  if (v >= 1e6) return v / 1e6 + 'M';
  if (v >= 1e3) return v / 1e3 + 'k';
  return String(Number(v.toPrecision(3)));
}
