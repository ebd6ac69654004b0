// What is shown: one run of bench, one mode of it.

const report = JSON.parse(byId('data').textContent);
const state = { run: 0, mode: null, sort: null, down: false, filter: '' };

function rowsShown() {
  const run = report.runs[state.run];
  return run ? run.rows.filter(r => state.mode === null || r.mode === state.mode) : [];
}

// Peers that ran the same problem with as many threads.
function joinPeers() {
  const key = (threads, row) => JSON.stringify([threads, row.name, row.problem]);
  const found = new Map();
  for (const set of report.peers)
    for (const row of set.rows) found.set(key(set.threads, row), { cells: row.engines, subject: subjectOf(set) });
  for (const run of report.runs)
    for (const row of run.rows)
      if (row.mode === '' || row.mode === 'default') row.peers = found.get(key(row.threads, row));
}

function select(id, label, names, now, chosen) {
  const node = h('select', { id, onchange: () => { chosen(node.selectedIndex); draw(); } },
    names.map((name, i) => h('option', { selected: i === now }, name)));
  return h('label', {}, `${label} `, node);
}

function choices() {
  const modes = [...new Set((report.runs[state.run] || { rows: [] }).rows.map(r => r.mode))];
  if (!modes.includes(state.mode)) state.mode = modes.length ? modes[0] : null;
  replace(byId('choice'),
    report.runs.length > 1 && select('run', 'Results', report.runs.map(r => r.file), state.run, i => { state.run = i; }),
    modes.length > 1 && select('mode', 'Mode', modes.map(m => m || 'default'), modes.indexOf(state.mode), i => { state.mode = modes[i]; }));
}

function header(run, rows) {
  const m = run ? run.machine : null;
  replace(byId('machine'), m ? `${m.cpu}${m.core ? ` (${m.core})` : ''}, ${m.cores} core(s), L1 ${size(m.l1)}, L2 ${size(m.l2)}, L3 ${size(m.l3)}; ` +
    `tconv ${m.tconv}, ${m.threads} thread(s); ${run.file}` : report.peers.map(p => p.file).join(', '));
  const good = rows.filter(r => !r.error), tiles = [];
  const tile = (name, value, note) => tiles.push(h('div', {}, h('dt', {}, name), h('dd', {}, value, note ? h('small', {}, ' ' + note) : null)));
  if (run) {
    tile('layers', String(rows.length), rows.length > good.length ? `${rows.length - good.length} failed` : '');
    tile('of the FMA peak', `${short(geometricMean(good.map(r => r.pct_peak)))}%`, 'geometric mean');
    tile('rate', `${short(median(good.map(r => r.gflops)))} GFLOP/s`, 'median');
    tile('model', short(geometricMean(good.map(r => (r.predicted_us > 0 ? r.predicted_us / r.us : 0)))), 'predicted by measured');
    tile('create', time(median(good.map(r => r.compile_us))), 'median');
    const best = geometricMean(good.map(r => (bestPeer(r) || { ratio: 0 }).ratio));
    if (best) tile('best peer', `${short(best)}×`, 'as long as tconv, mean');
  }
  replace(byId('tiles'), tiles);
}

function section(id, title, why, content) {
  byId('sections').append(h('li', {}, h('a', { href: '#' + id }, title)));
  return h('section', { id, 'aria-labelledby': id + '-title' }, h('h2', { id: id + '-title' }, title), why ? h('p', { class: 'why' }, why) : null, content);
}

function draw() {
  choices();
  const run = report.runs[state.run], rows = rowsShown(), main = document.querySelector('main');
  const width = Math.min(1180, main.clientWidth) - 2, kinds = kindsOf(rows);
  header(run, rows);
  replace(document.querySelector('nav'), h('ul', { id: 'sections' }));
  const parts = [];
  for (const note of report.notes) parts.push(h('p', { class: 'warning' }, note));
  if (run) {
    parts.push(section('roofline', 'Roofline', 'A mark is a layer; above it is what this machine can do at most, measured in the same run. A layer left of a bandwidth’s line and under it waits for that level. ' +
      'Winograd needs fewer operations than the definition counts, so its marks may stand above the peak; the hollow mark below is what it executed.', roofline(run, rows, kinds, width)));
    parts.push(section('model', 'Predicted and measured', 'At 1 the cost model is right; a layer above it needs less time than was predicted, below it more.', model(rows, kinds, width)));
  }
  report.peers.forEach((set, i) => parts.push(section(`peers${i}`, report.peers.length > 1 ? `Beside peers ${i + 1}` : 'Beside peers', null, peersSection(set, rows))));
  if (run) {
    parts.push(section('compile', 'Compile times', null, compile(rows)));
    parts.push(section('layers', 'Layers', 'A row opens all that is known of it: figures, plans, IR and machine code.', layersSection(rows, state)));
  }
  replace(main, parts);
  replace(byId('footer'), `Written by tconv ${report.version}. This page loads nothing.`);
  document.documentElement.dataset.ready = 'yes';
}

// auto: what the system wants; a click chooses the other one.
function theme() {
  const button = byId('theme'), root = document.documentElement, system = matchMedia('(prefers-color-scheme: dark)');
  const dark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : system.matches);
  const name = () => replace(button, dark() ? 'Light' : 'Dark');
  button.addEventListener('click', () => { root.dataset.theme = dark() ? 'light' : 'dark'; name(); });
  system.addEventListener('change', name);
  name();
}

joinPeers();
theme();
draw();
let drawn = innerWidth, later = 0;
addEventListener('resize', () => {
  clearTimeout(later);
  later = setTimeout(() => { if (innerWidth !== drawn && !byId('detail').open) { drawn = innerWidth; draw(); } }, 150);
});
