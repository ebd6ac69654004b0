// What create costs: planning and lowering, verifying, emitting, the rest.

const kFirstCompiled = 12;
const kParts = [['plan', 'plan_us'], ['verify', 'verify_us'], ['emit', 'emit_us'], ['rest', null]];

function partsOf(row) {
  const known = kParts.map(([, key]) => (key ? row[key] || 0 : 0));
  known[3] = Math.max(0, row.compile_us - known[0] - known[1] - known[2]);
  return known;
}

function compile(rows) {
  const shown = rows.filter(r => r.compile_us > 0).sort((a, b) => b.compile_us - a.compile_us);
  if (!shown.length) return h('p', {}, 'No layer here has compile times.');
  const list = h('div', { class: 'peers single', id: 'compile-list' });
  const more = h('button', { type: 'button', onclick: () => draw(true) }, `Show all ${shown.length} layers`);
  function draw(all) {
    replace(list, shown.slice(0, all ? undefined : kFirstCompiled).map(row => compileBar(row, shown[0].compile_us)));
    more.hidden = all || shown.length <= kFirstCompiled;
  }
  draw(false);
  return h('div', {}, compileTable(shown), h('h3', {}, 'The longest'), legend(kParts.map(([name], i) => [barSample(i), name])), list, more);
}

function compileBar(row, longest) {
  const parts = partsOf(row);
  const words = kParts.map(([name], i) => `${name} ${time(parts[i])}`).join(', ');
  return h('div', { class: 'bar wide', title: words }, h('span', { class: 'who' }, layerButton(row)),
    h('span', { class: 'track' }, parts.map((p, i) => h('span', { class: `fill f${i}`, style: `width:${(100 * p / longest).toFixed(2)}%` }))),
    h('span', { class: 'value' }, time(row.compile_us)));
}

function compileTable(shown) {
  const at = (values, part) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(part * values.length))];
  const line = (name, values) => h('tr', {}, h('th', { scope: 'row' }, name),
    [0.5, 0.9, 1].map(part => h('td', {}, time(at(values, part)))), h('td', {}, time(values.reduce((a, b) => a + b, 0))));
  return table(`Time of create over ${shown.length} layers`, ['', 'median', '90%', 'longest', 'all layers'],
    [kParts.map(([name], i) => line(name, shown.map(r => partsOf(r)[i]))), line('create', shown.map(r => r.compile_us))]);
}
