// All that is known of one layer: figures, peers, plans that were tried, IR and machine code.

let opener = null;

function openDetail(row) {
  hideTip();
  const dialog = byId('detail');
  opener = document.activeElement;
  replace(dialog,
    h('div', { class: 'line' }, h('h2', { id: 'detail-name' }, row.name),
      h('button', { type: 'button', id: 'detail-close', onclick: () => dialog.close() }, 'Close')),
    h('p', {}, h('code', {}, row.problem)),
    row.error ? h('p', { class: 'failed' }, `failed: ${row.error}`) : [figures(row), detailPeers(row), detailPlans(row), codeOf(row)]);
  dialog.onclose = () => { if (opener && opener.isConnected) opener.focus(); };
  dialog.showModal();
  dialog.scrollTop = 0;
}

function figures(row) {
  const pairs = [['plan', h('code', {}, row.plan)],
    ['run', `${time(row.us)}, ${row.rounds} rounds${row.spread === null ? '' : `, ± ${short(100 * row.spread)}%`}`],
    ['rate', `${short(row.gflops)} GFLOP/s, executed ${short(row.executed_gflops)}; ${short(row.pct_peak)}% of the FMA peak, ${short(row.pct_bandwidth)}% of the bandwidth`],
    ['predicted', row.predicted_us > 0 ? `${time(row.predicted_us)}, ${short(row.predicted_us / row.us)} times what was measured` : '–'],
    ['create', `${time(row.compile_us)}: ${partsOf(row).map((p, i) => `${kParts[i][0]} ${time(p)}`).join(', ')}`],
    ['memory', `code ${size(row.code_bytes)}, workspace ${size(row.workspace_bytes)}, tensors ${size(row.bytes)}`],
    ['made for', [row.isa, row.backend, `${row.threads} thread(s)`, row.mode].filter(Boolean).join(', ')]];
  return h('dl', { class: 'facts' }, pairs.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

function detailPeers(row) {
  if (!row.peers) return null;
  const { cells, subject } = row.peers;
  return h('p', {}, 'Turn by turn: ', Object.keys(cells).map((label, i) => {
    const ratio = peerRatio(cells, label, subject), cell = cells[label];
    const said = cell.us ? `${time(cell.us)}${ratio === null ? ', wrong' : ` (${short(ratio)}×)`}` : cell.error || 'not measured';
    return `${i ? '; ' : ''}${label} ${said}`;
  }), '.');
}

function detailPlans(row) {
  if (!row.plans || !row.plans.length) return null;
  const best = row.plans[0].us;
  return h('details', { open: true }, h('summary', {}, `${row.plans.length} plans that were timed`),
    h('div', { class: 'scroll low', tabindex: 0, role: 'region', 'aria-label': 'Plans' }, h('table', {},
      h('thead', {}, h('tr', {}, ['', 'plan', 'run', 'by the best', 'model'].map(t => h('th', { scope: 'col', class: t === 'plan' ? 'text' : null }, t)))),
      h('tbody', {}, row.plans.map((p, i) => h('tr', {}, h('td', {}, i + 1),
        h('td', { class: 'text' }, p.plan, p.plan === row.plan ? h('b', {}, " ◂ the model's choice") : null),
        h('td', {}, time(p.us)), h('td', {}, short(p.us / best)), h('td', {}, p.predicted_us > 0 ? short(p.predicted_us / p.us) : '–')))))));
}

function codeOf(row) {
  const part = (key, title) => {
    if (row[key] === undefined) return null;
    const text = report.texts[row[key]];
    return h('details', { class: 'code', 'data-part': key, open: true }, h('summary', {}, `${title}, ${text.split('\n').length} lines`),
      h('pre', { tabindex: 0 }, text));
  };
  const parts = [part('ir', 'IR'), part('asm', 'Machine code')];
  if (parts.every(p => p === null)) return h('p', { class: 'quiet' }, 'IR and machine code: measure with tconv bench --code.');
  return [h('div', { class: 'pair code' }, parts), row.asm_missing ? h('p', { class: 'quiet' }, `No machine code: ${row.asm_missing}`) : null];
}
