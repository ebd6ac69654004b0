// The table: sorted by a click on a column's head, filtered by words and comparisons.

const kColumns = [
  { key: 'name', name: 'layer', text: true },
  { key: 'plan', name: 'plan', text: true },
  { key: 'us', name: 'run', show: r => time(r.us) },
  { key: 'gflops', name: 'GFLOP/s' },
  { key: 'executed_gflops', name: 'executed' },
  { key: 'pct_peak', name: '% peak' },
  { key: 'pct_bandwidth', name: '% band' },
  { key: 'model', name: 'model', value: r => (r.predicted_us > 0 ? r.predicted_us / r.us : null) },
  { key: 'spread', name: '± %', value: r => (r.spread === null || r.spread === undefined ? null : 100 * r.spread) },
  { key: 'compile_us', name: 'create', show: r => time(r.compile_us) },
  { key: 'code_bytes', name: 'code', show: r => size(r.code_bytes) },
  { key: 'peer', name: 'best peer', value: r => (bestPeer(r) || { ratio: null }).ratio,
    show: r => { const p = bestPeer(r); return p ? [short(p.ratio) + '×', h('span', { class: 'under' }, p.label)] : '–'; } },
];

function valueOf(column, row) {
  const value = column.value ? column.value(row) : row[column.key];
  return value === undefined ? null : value;
}

// "winograd us>1000 -bias": every word is in the name, problem or plan; a word after - is not; comparisons hold.
function filterOf(text) {
  const tests = text.trim().split(/\s+/).filter(Boolean).map(word => {
    const compared = word.match(/^([a-z_]+)(<=|>=|<|>)(-?[\d.]+(?:e\d+)?)$/i);
    const column = compared && kColumns.find(c => !c.text && c.key === compared[1]);
    if (column) {
      const limit = Number(compared[3]);
      const holds = { '<': v => v < limit, '>': v => v > limit, '<=': v => v <= limit, '>=': v => v >= limit }[compared[2]];
      return row => { const v = valueOf(column, row); return v !== null && holds(v); };
    }
    const not = word.length > 1 && word.startsWith('-'), wanted = (not ? word.slice(1) : word).toLowerCase();
    return row => [row.name, row.problem, row.plan || '', row.error || ''].some(t => t.toLowerCase().includes(wanted)) !== not;
  });
  return row => tests.every(test => test(row));
}

// Rows without a value come last, whichever the direction.
function sortRows(rows, column, down) {
  return rows.map((row, i) => ({ row, i, value: valueOf(column, row) })).sort((a, b) => {
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || a.i - b.i;
    const order = column.text ? String(a.value).localeCompare(String(b.value), 'en', { numeric: true }) : a.value - b.value;
    return (down ? -order : order) || a.i - b.i;
  }).map(entry => entry.row);
}

function layersSection(rows, state) {
  const columns = kColumns.filter(c => c.text || rows.some(r => valueOf(c, r) !== null));
  const count = h('span', { id: 'count', role: 'status' });
  const body = h('tbody', {});
  const heads = columns.map(c => h('th', { scope: 'col', class: c.text ? 'text' : null, 'data-key': c.key }, h('button', { type: 'button', onclick: () => sortBy(c) }, c.name)));
  const input = h('input', { id: 'filter', type: 'search', size: 34, value: state.filter, placeholder: 'winograd us>1000 -bias', oninput: () => { state.filter = input.value; draw(); } });
  function sortBy(column) {
    state.down = state.sort === column.key ? !state.down : !column.text;
    state.sort = column.key;
    draw();
  }
  function draw() {
    const column = columns.find(c => c.key === state.sort), kept = rows.filter(filterOf(state.filter));
    heads.forEach(th => th.setAttribute('aria-sort', th.dataset.key !== state.sort ? 'none' : state.down ? 'descending' : 'ascending'));
    replace(body, (column ? sortRows(kept, column, state.down) : kept).map(row => layerLine(row, columns)));
    replace(count, `${kept.length} of ${rows.length} rows`);
  }
  draw();
  const names = columns.filter(c => !c.text).map(c => c.key).join(' ');
  return h('div', {}, h('div', { class: 'line' }, h('label', {}, 'Filter ', input), count,
    h('span', { class: 'quiet' }, `words, -words, and comparisons of ${names}`)),
  h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Table of layers' },
    h('table', { id: 'table' }, h('thead', {}, h('tr', {}, heads)), body)));
}

function layerLine(row, columns) {
  return h('tr', { class: row.error ? 'failed' : null, onclick: e => { if (!e.target.closest('button') && !String(getSelection())) openDetail(row); } },
    columns.map((c, i) => {
      if (i === 0) return h('th', { scope: 'row', title: `${row.name}: ${row.problem}` }, layerButton(row), h('span', { class: 'under' }, row.problem));
      if (row.error && c.key === 'plan') return h('td', { class: 'text', title: row.error }, `failed: ${row.error}`);
      if (c.text) return h('td', { class: 'text', title: row[c.key] }, h('span', { class: 'two' }, row[c.key] || '–'));
      const value = valueOf(c, row);
      return h('td', {}, value === null ? '–' : c.show ? c.show(row) : short(value));
    }));
}
