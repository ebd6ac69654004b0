// Our time beside each peer's, which took turns with us.

const kFirstPeers = 10;

// The first engine of a file is the one that the others are compared with.
function subjectOf(set) { return Object.keys(set.engines)[0]; }

// How many times as long an engine takes; null: it failed, or its result is wrong.
function peerRatio(cells, label, subject) {
  const theirs = cells[label], ours = cells[subject];
  if (!theirs || !ours || !theirs.us || !ours.us || theirs.disagrees || ours.disagrees) return null;
  return theirs.us / ours.us;
}

function bestPeer(row) {
  let best = null;
  if (!row.peers) return null;
  for (const label of Object.keys(row.peers.cells)) {
    const ratio = label === row.peers.subject ? null : peerRatio(row.peers.cells, label, row.peers.subject);
    if (ratio !== null && (best === null || ratio < best.ratio)) best = { label, ratio };
  }
  return best;
}

function peersSection(set, rows) {
  const subject = subjectOf(set), labels = Object.keys(set.engines);
  const layers = set.rows.map((row, order) => {
    const ratios = labels.map(label => label === subject ? 1 : peerRatio(row.engines, label, subject));
    const others = ratios.filter((r, i) => r !== null && labels[i] !== subject);
    return { row, order, ratios, best: others.length ? Math.min(...others) : Infinity, mean: geometricMean(others) };
  });
  const top = layers.map(l => Math.max(...l.ratios.filter(r => r !== null))).sort((a, b) => a - b);
  const limit = Math.min(12, Math.max(2, Math.ceil(top[Math.floor(top.length * 0.75)] || 2)));
  const list = h('div', { class: 'peers', id: 'peer-list' });
  const orders = { 'fastest peer first': (a, b) => a.best - b.best, 'slowest peers first': (a, b) => (b.mean || 0) - (a.mean || 0), 'as in the file': (a, b) => a.order - b.order };
  const select = h('select', { id: 'peer-order', onchange: () => draw(false) }, Object.keys(orders).map(o => h('option', {}, o)));
  const more = h('button', { type: 'button', id: 'peer-more', onclick: () => draw(true) });
  function draw(all) {
    const sorted = [...layers].sort(orders[select.value]);
    replace(list, sorted.slice(0, all ? undefined : kFirstPeers).map(l => peerLayer(l, labels, set, limit, rows)));
    replace(more, `Show all ${layers.length} layers`);
    more.hidden = all || layers.length <= kFirstPeers;
  }
  draw(false);
  return h('div', {}, h('p', { class: 'quiet' }, `${set.file}: ${set.cpu}, ${set.threads} thread(s). Bars: time by that of ${subject}, to ${limit} times; who takes longer has a longer bar.`),
    peerSummary(layers, labels, set),
    h('div', { class: 'line' }, legend(labels.map((label, i) => [barSample(i), label])), h('label', {}, 'Order ', select)), list, more);
}

function peerLayer(layer, labels, set, limit, rows) {
  const known = rows.find(r => r.name === layer.row.name);
  return h('section', { class: 'peer' }, h('h4', {}, known ? layerButton(known) : layer.row.name),
    labels.map((label, i) => {
      const cell = layer.row.engines[label] || {}, ratio = layer.ratios[i];
      const why = cell.error || (cell.disagrees ? 'its result differs' : 'not measured');
      return h('div', { class: 'bar' }, h('span', { class: 'who' }, label),
        h('span', { class: 'track' }, ratio === null ? h('i', {}, why)
          : h('span', { class: `fill f${i}`, style: `width:${(100 * Math.min(1, ratio / limit)).toFixed(2)}%` })),
        h('span', { class: 'value' }, ratio === null ? '–' : `${ratio > limit ? '▸ ' : ''}${short(ratio)}×  ${time(cell.us)}`));
    }));
}

function peerSummary(layers, labels, set) {
  const line = (label, i) => {
    const ratios = layers.map(l => l.ratios[i]).filter(r => r !== null);
    const mean = geometricMean(ratios);
    return h('tr', {}, h('th', { scope: 'row' }, barSample(i), ' ', label), h('td', { class: 'text' }, set.engines[label]), h('td', {}, ratios.length),
      h('td', {}, i ? short(mean) + '×' : '1'), h('td', {}, i ? ratios.filter(r => r < 1).length : '–'),
      h('td', {}, i && ratios.length ? short(Math.min(...ratios)) + '×' : '–'), h('td', {}, i && ratios.length ? short(Math.max(...ratios)) + '×' : '–'));
  };
  return table('How many times as long they take', ['engine', 'version', 'layers', 'mean', 'faster than us', 'least', 'most'], labels.map(line));
}
