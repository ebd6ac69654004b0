// What tells kinds apart without colour: shapes of marks, fillings of bars.

const kShapes = [
  r => `M${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0z`,
  r => `M${-r * 0.9},${-r * 0.9}h${r * 1.8}v${r * 1.8}h${-r * 1.8}z`,
  r => `M0,${-r * 1.2}L${r * 1.15},${r * 0.85}H${-r * 1.15}z`,
  r => `M0,${-r * 1.3}L${r * 1.3},0L0,${r * 1.3}L${-r * 1.3},0z`,
  r => `M0,${r * 1.2}L${r * 1.15},${-r * 0.85}H${-r * 1.15}z`,
  r => `M${-r * 1.2},${-r * 0.4}h${r * 0.8}v${-r * 0.8}h${r * 0.8}v${r * 0.8}h${r * 0.8}v${r * 0.8}h${-r * 0.8}v${r * 0.8}h${-r * 0.8}v${-r * 0.8}h${-r * 0.8}z`,
];

// The same kind has the same mark in every figure.
function kindsOf(rows) {
  const names = [...new Set(rows.filter(r => r.schedule).map(r => r.schedule))].sort();
  return new Map(names.map((name, i) => [name, i % kShapes.length]));
}

function mark(kind, hollow, given) {
  return s('path', { d: kShapes[kind](5), class: `mark k${kind}${hollow ? ' hollow' : ''}`, ...given });
}

function markSample(kind, hollow) {
  return s('svg', { viewBox: '-8 -8 16 16', width: 16, height: 16, 'aria-hidden': 'true' }, mark(kind, hollow));
}

function legend(entries) {
  return h('ul', { class: 'legend' }, entries.map(([sample, text]) => h('li', {}, sample, ' ', text)));
}

function barSample(index) { return h('span', { class: `sample fill f${index}`, 'aria-hidden': 'true' }); }
