// SPDX-License-Identifier: Apache-2.0
// Plots as SVG, drawn anew when their width changes, so that the text keeps its size on every screen.
'use strict';

const SVG = 'http://www.w3.org/2000/svg';
const DASHES = ['', '7 3', '2 3', '9 3 2 3', '4 2', '1 2'];
const COLOURS = DASHES.map((_, i) => `var(--c${i})`);

/* Children are nodes or texts; what is null or undefined is left out. */
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
const element = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// --- numbers with units

const digits3 = (x) => (Math.abs(x) >= 100 ? x.toFixed(0) : String(Number(x.toPrecision(3))));
/* What is rounded to 1000 of a unit is 1 of the next one. */
const scaled = (units) => (x) => {
  const [factor, unit] = units.find(([least]) => Math.abs(x) >= least * 0.9995) ?? units.at(-1);
  return digits3(x / factor) + unit;
};
const formats = {
  /* 1,234 and 12.3 k: below 10,000 in full. */
  counts: (x) => (Math.abs(x) < 1e4 ? (Math.abs(x) < 100 ? digits3(x) : Math.round(x).toLocaleString('en'))
    : scaled([[1e9, ' G'], [1e6, ' M'], [1e3, ' k']])(x)),
  us: (x) => (x === 0 ? '0' : scaled([[1e6, ' s'], [1e3, ' ms'], [1, ' µs']])(x)),
  bytes: (x) => (x === 0 ? '0' : scaled([[1e9, ' GB'], [1e6, ' MB'], [1e3, ' kB'], [1, ' B']])(x)),
  numbers: digits3,
  seconds: (x) => `${digits3(x)} s`,
  exact: (x) => x.toLocaleString('en'),
};

// --- scales: from values to 0..1, with ticks

/* Round numbers, about `count` of them, that cover low to high. */
function linear(low, high, count) {
  const span = high > low ? high - low : 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => span / s <= count) ?? 10 * power;
  const first = Math.floor(low / step + 1e-9) * step;
  const last = Math.max(first + step, Math.ceil((low + span) / step - 1e-9) * step);
  const ticks = Array.from({ length: Math.round((last - first) / step) + 1 }, (_, i) => first + i * step);
  return { at: (x) => (x - first) / (last - first), ticks, grid: ticks };
}

/* Time: the axis ends where the run ends, not at the next round number. */
function time(low, high, count) {
  const scale = linear(low, high, count);
  const end = high > low ? high : low + 1;
  return { at: (x) => (x - low) / (end - low), ticks: scale.ticks.filter((t) => t >= low && t <= end + 1e-9), grid: [] };
}

/* From and to one of 1, 2, 5, 10, 20 ... with all of them as ticks, or where these would be too many, of 1, 10, 100 ... */
function logarithmic(low, high, count) {
  const decade = Math.floor(Math.log10(low) + 1e-9);
  const decades = Math.ceil(Math.log10(high) - 1e-9) - decade + 1;
  const cover = (factors) => {
    const all = Array.from({ length: decades + 1 }, (_, i) => factors.map((f) => f * 10 ** (decade + i))).flat();
    const first = all.findLast((t) => t <= low * (1 + 1e-9)) ?? all[0];
    const last = all.find((t) => t >= high * (1 - 1e-9) && t > first);
    return all.filter((t) => t >= first && t <= last);
  };
  const fine = cover([1, 2, 5]);
  const ticks = fine.length <= count ? fine : cover([1]);
  const [first, last] = [ticks[0], ticks.at(-1)];
  const each = Math.ceil(ticks.length / count);
  const shown = ticks.filter((_, i) => i % each === 0);
  return { at: (x) => Math.log(Math.max(x, first) / first) / Math.log(last / first), ticks: shown, grid: shown };
}

/* The share of values, with every further nine as far from the one before: 50, 90, 99, 99.9 % ... */
function nines(low, high, count) {
  const all = [0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999].filter((share) => ninesOf(share) < high - 0.3);
  const each = Math.ceil(all.length / count);
  const ticks = all.filter((_, i) => i % each === 0).map(ninesOf);
  return { at: (x) => x / high, ticks, grid: ticks };
}
const ninesOf = (share) => -Math.log10(1 - share);
const shareOf = (x) => `${Number((100 * (1 - 10 ** -x)).toPrecision(7))} %`;

const scales = { linear, time, logarithmic, nines };

// --- a plot

const HEIGHT = 230;
const MARGIN = { left: 56, right: 14, top: 26, bottom: 38 };

/* What of the points can be drawn: pieces between gaps (y is null, or 0 on a logarithmic axis). */
function pieces(points, y) {
  const all = [[]];
  for (const [x, value] of points) {
    if (value === null || (y.scale === 'logarithmic' && !(value > 0))) all.push([]);
    else all.at(-1).push([x, value]);
  }
  return all.filter((piece) => piece.length > 0);
}

function range(plot, axis, index) {
  const values = plot.series.flatMap((s) => pieces(s.points, plot.y).flatMap((piece) => piece.map((point) => point[index])));
  const known = [axis.low, axis.high].filter((v) => v !== undefined);
  const least = values.reduce((a, b) => Math.min(a, b), known.length > 0 ? Math.min(...known) : Infinity);
  return [least, values.reduce((a, b) => Math.max(a, b), known.length > 0 ? Math.max(...known) : -Infinity)];
}

function drawAxes(plot, box, x, y) {
  const parts = [];
  for (const t of y.ticks) {
    const at = box.y(t);
    parts.push(svg('line', { class: 'grid', x1: MARGIN.left, x2: MARGIN.left + box.width, y1: at, y2: at }));
    parts.push(svg('text', { x: MARGIN.left - 6, y: at + 4, 'text-anchor': 'end' }, plot.y.format(t)));
  }
  const bottom = MARGIN.top + box.height;
  for (const t of x.grid) parts.push(svg('line', { class: 'grid', x1: box.x(t), x2: box.x(t), y1: MARGIN.top, y2: bottom }));
  for (const t of x.ticks) {
    parts.push(svg('line', { class: 'grid', x1: box.x(t), x2: box.x(t), y1: bottom, y2: bottom + 4 }));
    const anchor = box.x(t) > MARGIN.left + box.width - 14 ? 'end' : 'middle';
    parts.push(svg('text', { x: box.x(t) + (anchor === 'end' ? MARGIN.right : 0), y: bottom + 16, 'text-anchor': anchor }, plot.x.format(t)));
  }
  parts.push(svg('text', { x: MARGIN.left + box.width, y: bottom + 33, 'text-anchor': 'end' }, plot.x.label));
  parts.push(svg('text', { x: 2, y: 12 }, plot.y.label));
  return parts;
}

function drawBands(plot, box) {
  const clip = (t) => Math.min(Math.max(box.x(t), MARGIN.left), MARGIN.left + box.width);
  const bands = (plot.bands ?? []).map(({ from, to, name }) => svg('rect', {
    x: clip(from), width: Math.max(clip(to) - clip(from), 1), y: MARGIN.top, height: box.height,
    fill: `var(--${name.replace(/[^a-z]/g, '')}, none)`,
  }, svg('title', {}, name)));
  const marks = (plot.marks ?? []).flatMap(({ at, name }) => {
    const left = clip(at) < MARGIN.left + box.width / 2;
    return [svg('line', { class: 'mark', x1: clip(at), x2: clip(at), y1: MARGIN.top - 4, y2: MARGIN.top + box.height }),
      svg('text', { x: clip(at) + (left ? 4 : -4), y: MARGIN.top - 5, 'text-anchor': left ? 'start' : 'end' }, name)];
  });
  return [...bands, ...marks];
}

/* How the series at index i of a plot looks: by its place among all that could be there, so that leaving out others does
   not change it. */
function looks({ place }, i) {
  const at = (place ?? i) % COLOURS.length;
  return { line: `stroke: ${COLOURS[at]}; stroke-dasharray: ${DASHES[at] || 'none'}`,
    dot: `fill: ${at === 0 ? COLOURS[0] : 'none'}; stroke: ${COLOURS[at]}; stroke-width: 2` };
}

function drawSeries(plot, box) {
  return plot.series.flatMap((s, i) => pieces(s.points, plot.y).flatMap((piece) => {
    const spots = piece.map(([x, y]) => [box.x(x).toFixed(1), box.y(y).toFixed(1)]);
    const { dot, line: style } = looks(s, i);
    const dots = piece.length === 1 || plot.scatter ? spots.map(([cx, cy]) => svg('circle', { cx, cy, r: 4, style: dot })) : [];
    const line = spots.map(([x, y]) => `${x},${y}`).join(' ');
    return [...(piece.length > 1 && !plot.scatter ? [svg('polyline', { class: 'series', points: line, style })] : []), ...dots];
  }));
}

/* Shows the values nearest to the pointer in the legend. */
function followPointer(picture, plot, box, outputs, where) {
  const cursor = svg('line', { class: 'cursor', y1: MARGIN.top, y2: MARGIN.top + box.height });
  picture.append(cursor);
  const all = plot.series.flatMap((s) => s.points.map((point) => point[0]));
  const say = (x) => {
    cursor.style.visibility = x === null ? 'hidden' : 'visible';
    if (x !== null) for (const name of ['x1', 'x2']) cursor.setAttribute(name, box.x(x));
    where.textContent = x === null ? '' : `at ${(plot.x.precise ?? plot.x.format)(x)}`;
    plot.series.forEach((s, i) => {
      const near = x === null ? null : nearest(s.points, (point) => point[0], x);
      outputs[i].textContent = near && near[1] !== null ? ` ${(plot.y.precise ?? plot.y.format)(near[1])}` : '';
    });
  };
  picture.addEventListener('pointermove', (event) => {
    const seen = picture.getBoundingClientRect();
    say(nearest(all, (x) => box.x(x), (event.clientX - seen.left) * (box.full / seen.width)));
  });
  picture.addEventListener('pointerleave', () => say(null));
}
const nearest = (list, key, wanted) => list.reduce((best, each) =>
  (best === null || Math.abs(key(each) - wanted) < Math.abs(key(best) - wanted) ? each : best), null);

/* The same for the legend. */
function sampleOf(plot, s, i) {
  const { line, dot } = looks(s, i);
  return svg('svg', { viewBox: '0 0 26 8', 'aria-hidden': 'true' }, plot.scatter
    ? svg('circle', { cx: 13, cy: 4, r: 3, style: dot })
    : svg('line', { x1: 0, x2: 26, y1: 4, y2: 4, class: 'series', style: line }));
}

/* {title, note, x, y: {label, scale, format, precise, low, high}, series: [{name, points: [[x, y], ...], place}], bands, marks,
   scatter, named}: a figure. Two points with the same x may follow each other; y null is a gap. A series' place (from 0; without it
   its index) is its colour and dashes. `named`: the legend is of use even where there is one series. */
function figure(plot) {
  const empty = plot.series.every((s) => pieces(s.points, plot.y).length === 0);
  const outputs = plot.series.map(() => element('output'));
  const where = element('li');
  const legend = element('ul', { class: 'legend' }, ...plot.series.map((s, i) => element('li', {}, sampleOf(plot, s, i), s.name,
    outputs[i])), where);
  legend.classList.toggle('alone', plot.series.length === 1 && !plot.named);
  const holder = element('div');
  const node = element('figure', {}, element('figcaption', {}, element('h3', {}, plot.title)),
    plot.note ? element('p', { class: 'faint' }, plot.note) : null, holder, empty ? null : legend);
  if (empty) {
    holder.append(element('p', { class: 'faint' }, plot.empty ?? 'Nothing was measured.'));
    return node;
  }
  const draw = (width) => {
    const box = { full: width, width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
    const x = scales[plot.x.scale](...range(plot, plot.x, 0), Math.max(2, Math.floor(box.width / 70)));
    const y = scales[plot.y.scale](...range(plot, plot.y, 1), plot.y.scale === 'linear' ? 5 : 9);
    box.x = (value) => MARGIN.left + x.at(value) * box.width;
    box.y = (value) => MARGIN.top + (1 - y.at(value)) * box.height;
    const picture = svg('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, role: 'img', 'aria-label': plot.title },
      ...drawBands(plot, box), ...drawAxes(plot, box, x, y), ...drawSeries(plot, box));
    followPointer(picture, plot, box, outputs, where);
    holder.replaceChildren(picture);
  };
  let drawn = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.max(200, Math.round(entry.contentRect.width));
    if (width !== drawn) draw(drawn = width);
  }).observe(holder);
  return node;
}
