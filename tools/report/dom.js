// Elements. Text is only ever set as text: names come from files.

function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child.nodeType ? child : String(child));
  }
  return node;
}

function attributes(node, given) {
  for (const [name, value] of Object.entries(given || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  return node;
}

function h(tag, given, ...children) {
  return add(attributes(document.createElement(tag), given), children);
}

function s(tag, given, ...children) {
  return add(attributes(document.createElementNS('http://www.w3.org/2000/svg', tag), given), children);
}

function byId(id) { return document.getElementById(id); }

function replace(node, ...children) {
  node.replaceChildren();
  return add(node, children);
}

// Numbers for people: three digits that matter, thousands apart.
function short(value) {
  if (value === null || value === undefined || !isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.1) return value.toFixed(2);
  return value.toPrecision(2);
}

function time(us) {
  if (us === null || us === undefined) return '–';
  if (us >= 1e6) return short(us / 1e6) + ' s';
  return us >= 1e4 ? short(us / 1e3) + ' ms' : short(us) + ' µs';
}

function size(bytes) {
  if (bytes === null || bytes === undefined) return '–';
  if (bytes >= 1 << 20) return short(bytes / (1 << 20)) + ' MiB';
  return bytes >= 1024 ? short(bytes / 1024) + ' KiB' : bytes + ' B';
}

// For where there is little room.
function brief(text) { return text.length > 30 ? text.slice(0, 29) + '…' : text; }

function median(values) {
  const sorted = values.filter(v => v !== null).sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : null;
}

function geometricMean(values) {
  const positive = values.filter(v => v > 0);
  if (!positive.length) return null;
  return Math.exp(positive.reduce((sum, v) => sum + Math.log(v), 0) / positive.length);
}

// A table for people with a row of heads; it scrolls where the window is too narrow for it.
function table(caption, heads, lines) {
  return h('div', { class: 'wide-table' }, h('table', {}, h('caption', {}, caption),
    h('thead', {}, h('tr', {}, heads.map(t => h('th', { scope: 'col', class: t === 'version' ? 'text' : null }, t)))), h('tbody', {}, lines)));
}
