// A figure of marks on two logarithmic axes: one stop of the Tab key, arrows go from mark to mark,
// Enter opens the layer.

const kPlaces = [[9, 4], [-9, 4], [9, 16], [-9, 16], [9, -8], [-9, -8], [14, 34], [-14, 34], [14, -26], [-14, -26], [20, 56], [-20, 56], [20, -48], [-20, -48]];
const kMargin = { left: 58, right: 16, top: 12, bottom: 46 };

class Chart {
  constructor(label, width, height) {
    this.width = Math.max(320, width);
    this.height = height;
    this.svg = s('svg', { width: this.width, height, viewBox: `0 0 ${this.width} ${height}`, role: 'group', 'aria-label': label });
    this.marks = [];
    this.taken = [];
    this.svg.addEventListener('keydown', e => this.key(e));
  }

  axes(xs, ys, xName, yName) {
    const m = kMargin, right = this.width - m.right, bottom = this.height - m.bottom;
    this.x = logScale(xs, m.left, right);
    this.y = logScale(ys, bottom, m.top);
    for (const t of this.x.ticks) {
      this.svg.append(
        s('line', { class: 'grid', x1: this.x(t), x2: this.x(t), y1: m.top, y2: bottom }),
        s('text', { class: 'tick', x: this.x(t), y: bottom + 17, 'text-anchor': 'middle' }, tickText(t)));
    }
    for (const t of this.y.ticks) {
      this.svg.append(
        s('line', { class: 'grid', x1: m.left, x2: right, y1: this.y(t), y2: this.y(t) }),
        s('text', { class: 'tick', x: m.left - 7, y: this.y(t) + 4, 'text-anchor': 'end' }, tickText(t)));
    }
    this.svg.append(
      s('text', { class: 'axis', x: (m.left + right) / 2, y: this.height - 8, 'text-anchor': 'middle' }, xName),
      s('text', { class: 'axis', x: 14, y: (m.top + bottom) / 2, 'text-anchor': 'middle', transform: `rotate(-90 14 ${(m.top + bottom) / 2})` }, yName));
  }

  // From one corner of the figure to another, in data units.
  line(x1, y1, x2, y2, kind) {
    this.svg.append(s('line', { class: kind, x1: this.x(x1), y1: this.y(y1), x2: this.x(x2), y2: this.y(y2) }));
  }

  note(px, py, text, given) {
    if (!given) this.taken.push([px, py - 12, text.length * 7]);
    this.svg.append(s('text', { class: 'note', x: px, y: py, ...given }, text));
  }

  dot(row, xv, yv, kind, hollow, words) {
    const node = mark(kind, hollow, {
      transform: `translate(${this.x(xv).toFixed(1)},${this.y(yv).toFixed(1)})`,
      tabindex: this.marks.length ? -1 : 0, role: 'button', 'aria-label': `${row.name}: ${words}`,
      onclick: () => openDetail(row),
      onmouseenter: () => showTip(node, row.name, words), onmouseleave: hideTip,
      onfocus: () => showTip(node, row.name, words), onblur: hideTip,
    });
    node.classList.add('dot');
    this.marks.push({ node, row, x: this.x(xv), y: this.y(yv) });
    this.svg.append(node);
    return node;
  }

  // A mark's name beside it, where no other name stands, and away from other marks if that can be.
  label(xv, yv, name) {
    const text = brief(name);
    const x = this.x(xv), y = this.y(yv), w = text.length * 6.6 + 6;
    let best = null;
    for (const [dx, dy] of kPlaces) {
      const left = dx > 0 ? x + dx : x + dx - w, top = y + dy - 11;
      if (left < kMargin.left || left + w > this.width - kMargin.right || top < kMargin.top || top + 14 > this.height - kMargin.bottom) continue;
      if (this.taken.some(t => left < t[0] + t[2] && t[0] < left + w && top < t[1] + 14 && t[1] < top + 14)) continue;
      const hidden = this.marks.filter(m => m.x > left - 5 && m.x < left + w + 5 && m.y > top - 5 && m.y < top + 19).length;
      if (best === null || hidden < best.hidden) best = { hidden, left, top, dx, dy };
    }
    if (best === null) return;
    this.taken.push([best.left, best.top, w]);
    if (Math.abs(best.dy) > 20) this.svg.append(s('line', { class: 'lead', x1: x, y1: y, x2: x + best.dx, y2: y + best.dy - 4 }));
    this.svg.append(s('text', { class: 'name', x: x + best.dx, y: y + best.dy, 'text-anchor': best.dx > 0 ? 'start' : 'end' }, text));
  }

  // Arrows go from left to right.
  ready() {
    this.marks.sort((a, b) => a.x - b.x);
    this.marks.forEach((m, i) => m.node.setAttribute('tabindex', i ? -1 : 0));
    return this.svg;
  }

  key(event) {
    const now = this.marks.findIndex(m => m.node === document.activeElement);
    if (now < 0) return;
    const last = this.marks.length - 1;
    const next = { ArrowRight: Math.min(last, now + 1), ArrowLeft: Math.max(0, now - 1), Home: 0, End: last }[event.key];
    if (next !== undefined) {
      this.marks[now].node.setAttribute('tabindex', -1);
      this.marks[next].node.setAttribute('tabindex', 0);
      this.marks[next].node.focus();
      event.preventDefault();
    } else if (event.key === 'Enter' || event.key === ' ') {
      openDetail(this.marks[now].row);
      event.preventDefault();
    }
  }
}

function showTip(node, name, words) {
  const tip = byId('tip');
  replace(tip, h('b', {}, name), h('br'), words);
  tip.hidden = false;
  const at = node.getBoundingClientRect(), box = tip.getBoundingClientRect();
  const left = Math.min(at.right + 10, document.documentElement.clientWidth - box.width - 8);
  tip.style.left = Math.max(8, left) + 'px';
  tip.style.top = (at.top > box.height + 16 ? at.top - box.height - 8 : at.bottom + 8) + 'px';
}

function hideTip() { byId('tip').hidden = true; }
