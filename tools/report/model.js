// Where the cost model is wrong.

function model(rows, kinds, width) {
  const shown = rows.filter(r => r.predicted_us > 0 && r.us > 0).map(row => ({ row, ratio: row.predicted_us / row.us }));
  if (!shown.length) return h('p', {}, 'No layer here has a prediction.');
  const chart = new Chart(`Predicted and measured time of ${shown.length} layers; arrow keys go from layer to layer`, width, Math.min(420, Math.max(320, width * 0.4)));
  const ratios = shown.map(p => p.ratio);
  chart.axes(shown.map(p => p.row.us), [...ratios, 0.7, 1.4], 'measured µs', 'predicted by measured time');
  const low = chart.x.low, high = chart.x.high;
  chart.line(low, 1, high, 1, 'roof');
  chart.line(low, 1.25, high, 1.25, 'band');
  chart.line(low, 0.8, high, 0.8, 'band');
  const far = [...shown].sort((a, b) => Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio)));
  for (const { row, ratio } of shown) {
    chart.dot(row, row.us, ratio, kinds.get(row.schedule), false,
      `predicted ${time(row.predicted_us)}, measured ${time(row.us)}: ${short(ratio)} times, ${row.plan}`);
  }
  for (const { row, ratio } of far.slice(0, 8)) chart.label(row.us, ratio, row.name);
  const entries = [...kinds].map(([name, kind]) => [markSample(kind, false), name]);
  return h('div', {}, h('div', { class: 'figure' }, chart.ready()),
    legend([...entries, [h('span', { class: 'dash' }), 'a quarter more or less']]),
    h('div', { class: 'pair' }, modelKinds(shown, kinds), modelFar(far.slice(0, 10))));
}

function modelKinds(shown, kinds) {
  const line = (name, some) => {
    const ratios = some.map(p => p.ratio), close = ratios.filter(r => r <= 1.25 && r >= 0.8).length;
    return h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, some.length), h('td', {}, short(geometricMean(ratios))),
      h('td', {}, short(Math.min(...ratios))), h('td', {}, short(Math.max(...ratios))), h('td', {}, short(100 * close / some.length) + '%'));
  };
  return table('Predicted by measured time, by schedule', ['schedule', 'layers', 'mean', 'least', 'most', 'within 25%'],
    [[...kinds.keys()].filter(k => shown.some(p => p.row.schedule === k)).map(k => line(k, shown.filter(p => p.row.schedule === k))), line('all', shown)]);
}

function modelFar(far) {
  return table('Farthest from what was measured', ['layer', 'predicted', 'measured', 'ratio'],
    far.map(({ row, ratio }) => h('tr', {}, h('th', { scope: 'row' }, layerButton(row)), h('td', {}, time(row.predicted_us)),
      h('td', {}, time(row.us)), h('td', {}, `${short(ratio)} ${ratio > 1 ? 'too slow' : 'too fast'}`))));
}

function layerButton(row) {
  return h('button', { type: 'button', class: 'link', onclick: () => openDetail(row) }, row.name);
}
