// How far each layer is from what this machine can do at most.

// A layer whose tensors fit into a cache may be fed from it. L1 holds too little to matter.
function levelOf(row, machine) {
  if (row.bytes <= machine.l2 * machine.threads) return 'L2';
  return row.bytes <= machine.l3 ? 'L3' : 'DRAM';
}

function peakOf(run) {
  const isa = (run.rows.find(r => r.isa) || {}).isa;
  return { isa, gflops: run.machine.fma[isa] };
}

function roofline(run, rows, kinds, width) {
  const machine = run.machine, peak = peakOf(run);
  const shown = rows.filter(r => r.gflops > 0 && r.bytes > 0).map(row => {
    const flops = row.gflops * row.us * 1e3;
    const intensity = flops / row.bytes;
    const roof = machine.roofs.find(f => f.level === levelOf(row, machine));
    const most = Math.min(peak.gflops || Infinity, roof ? roof.gbs * intensity : Infinity);
    return { row, intensity, most, part: row.gflops / most };
  });
  if (!shown.length || !peak.gflops) return h('p', {}, 'No layer here has both a rate and a measured peak.');
  const chart = new Chart(`Roofline of ${shown.length} layers; arrow keys go from layer to layer`, width, Math.min(520, Math.max(360, width * 0.5)));
  const rates = shown.flatMap(p => [p.row.gflops, p.row.executed_gflops]).filter(v => v > 0);
  const xs = shown.map(p => p.intensity), slopes = machine.roofs.map(roof => 0.4 * peak.gflops / roof.gbs);
  chart.axes([...xs, Math.min(...xs) / 2, ...slopes], [...rates, peak.gflops / 4, peak.gflops * 1.25], 'FLOP per byte of all tensors, each moved once', 'GFLOP/s');
  roofs(chart, machine, peak);
  for (const p of shown) {
    const { row } = p, kind = kinds.get(row.schedule);
    // Padding and idle lanes lower what counts; minimal filtering raises it. A twentieth is seen.
    if (row.executed_gflops > 0 && Math.abs(Math.log(row.executed_gflops / row.gflops)) > 0.05) {
      chart.line(p.intensity, row.gflops, p.intensity, row.executed_gflops, 'tie');
      chart.svg.append(mark(kind, true, { class: `mark k${kind} hollow small`,
        transform: `translate(${chart.x(p.intensity).toFixed(1)},${chart.y(row.executed_gflops).toFixed(1)})` }));
    }
  }
  for (const p of shown) {
    const { row } = p;
    const executed = row.executed_gflops > 0 ? `, executed ${short(row.executed_gflops)}` : '';
    chart.dot(row, p.intensity, row.gflops, kinds.get(row.schedule), false,
      `${short(row.gflops)} GFLOP/s${executed}, ${short(100 * row.gflops / peak.gflops)}% of the peak, ` +
      `${short(p.intensity)} FLOP/byte, tensors fit ${levelOf(row, machine)}, ${time(row.us)}, ${row.plan}`);
  }
  const lowest = shown.filter(p => p.part < 0.95).sort((a, b) => a.part - b.part).slice(0, 6);
  for (const p of shown.length <= 12 ? shown : lowest) chart.label(p.intensity, p.row.gflops, p.row.name);
  return h('div', {}, h('div', { class: 'figure' }, chart.ready()), rooflineLegend(rows, kinds), lowestList(lowest));
}

function roofs(chart, machine, peak) {
  const left = chart.x.low, right = chart.x.high;
  chart.line(left, peak.gflops, right, peak.gflops, 'roof');
  chart.note(chart.x(left) + 6, chart.y(peak.gflops) - 6, `FMA peak ${peak.isa}: ${short(peak.gflops)} GFLOP/s`);
  machine.roofs.forEach((roof, i) => {
    // Only the part that is inside the figure and below the peak.
    const from = Math.max(left, chart.y.low / roof.gbs), to = Math.min(right, peak.gflops / roof.gbs);
    if (to <= from) return;
    chart.line(from, from * roof.gbs, to, to * roof.gbs, `roof d${i}`);
    const at = Math.exp(Math.log(from) + 0.25 * Math.log(to / from));
    const x = chart.x(at), y = chart.y(at * roof.gbs);
    const slope = Math.atan2(chart.y(to * roof.gbs) - chart.y(from * roof.gbs), chart.x(to) - chart.x(from)) * 180 / Math.PI;
    chart.note(x, y - 5, `${roof.level} ${short(roof.gbs)} GB/s`, { transform: `rotate(${slope.toFixed(1)} ${x} ${y})` });
  });
}

function rooflineLegend(rows, kinds) {
  const count = name => rows.filter(r => r.schedule === name).length;
  return legend([...[...kinds].map(([name, kind]) => [markSample(kind, false), `${name} (${count(name)})`]),
    [markSample(0, true), 'hollow: executed FLOP, where they differ from those that count']]);
}

function lowestList(lowest) {
  if (!lowest.length) return null;
  return h('p', {}, 'Farthest below their roof: ', lowest.map((p, i) => [i ? ', ' : '',
    h('button', { type: 'button', class: 'link', onclick: () => openDetail(p.row) }, p.row.name), ` ${short(100 * p.part)}%`]), '.');
}
