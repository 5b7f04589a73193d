// SPDX-License-Identifier: Apache-2.0
// The page of one run, or of several side by side, from the reports in #data (loadtest/report/json.c says what is in them).

const { facts, runs } = JSON.parse(document.getElementById('data').textContent);
const main = document.getElementById('page');
const { counts, us, bytes, numbers, seconds, exact } = formats;
const many = (n, one, more = `${one}s`) => `${exact(n)} ${n === 1 ? one : more}`;
const perMillion = (x) => (x > 0 ? numbers(x) : '–');
const p99Of = (histogram) => (histogram?.count > 0 ? us(histogram.p99) : '–');

// --- what a report says

const faultsOf = (report) => facts.counters.filter(({ fault }) => fault !== 'never').map(({ key, fault, text }) => {
  const steps = report.steps ?? [];
  return { key, text, counts: fault === 'always' || !report.cuts, count: steps.reduce((sum, step) => sum + (step[key] ?? 0), 0) };
});
const at = (report, path) => path.split('/').reduce((value, key) => value?.[key], report);
const timeline = (report) => report.timeline ?? [];
const hasServers = (report) => (report.servers?.processes ?? []).length > 0;
const isQuiet = ({ options: o }) => o.publishers === 0 || o.rate === 0;
/* Faults that a search met belong to rates that did not hold: what it found is fine. */
const isSearchResult = (report) => report.options.search === true && report.search?.rate > 0;
/* The last step up to the one that is shown in which clients connected. */
const connecting = (report) => (report.connects_per_second > 0 ? report
  : (report.steps ?? []).findLast((step) => step.connects_per_second > 0) ?? {});

/* [{name, from, to}] in seconds; a phase that the run did not come to is left out. */
function phasesOf(report) {
  const { ramp, warmup } = report.options;
  const before = ramp > 0 ? 'ramp and warm-up' : warmup > 0 ? 'warm-up' : 'publishing';
  const begins = (report.steps ?? []).flatMap(({ from = {} }) => [['connecting', from.connecting], [before, from.publishing],
    ['publishing', from.measuring], ['draining', from.draining], ['calming down', from.over]])
    .filter(([name, time], i, all) => time > 0 && all[i - 1]?.[0] !== name)
    .map(([name, time]) => [name === 'publishing' && isQuiet(report) ? 'waiting' : name, time]);
  const spans = begins.map(([name, from], i) => ({ name, from, to: begins[i + 1]?.[1] ?? report.seconds }));
  return spans.filter(({ name, from, to }, i) => to > from && (name !== 'calming down' || i < spans.length - 1));
}
const TINTS = { 'ramp and warm-up': 'warmup', 'warm-up': 'warmup', 'calming down': 'calming' };

// --- tables

const cell = (tag, content, kind) => element(tag, kind ? { class: kind } : {}, content);
function table(heads, rows) {
  const line = (tag, { cells, kind }) => element('tr', kind ? { class: kind } : {},
    ...cells.map((content, i) => cell(tag, content, heads[i]?.text ? 'text' : '')));
  return element('div', { class: 'wide' }, element('table', {},
    element('thead', {}, line('th', { cells: heads.map((head) => head.name ?? head) })),
    element('tbody', {}, ...rows.map((row) => line('td', row.cells ? row : { cells: row })))));
}
const section = (title, ...children) => element('section', {}, element('h2', {}, title), ...children);

// --- the top

function verdict(report) {
  const kind = report.ok ? (report.interrupted ? 'warn' : 'good') : 'bad';
  const word = report.ok ? '✓ ok' : '✗ failed';
  const lines = (report.verdict ?? []).map((text) => element('p', {}, text.replace(/^(ok|FAILED): /, '')));
  return element('div', { class: `verdict ${kind}`, role: 'status' }, element('strong', {}, word), ...lines);
}

function inWords(report) {
  const { options: o, steps = [] } = report;
  const load = isQuiet(report) ? 'nobody published'
    : `${many(o.publishers, 'publisher')}, ${o.search ? `rates from ${counts(o.rate)} messages/s` : `${counts(o.rate)} messages/s`}`
      + ` of ${many(o.size, 'byte')}${o.burst > 1 ? ` in bursts of ${o.burst}` : ''}`;
  const extra = [o.ramp > 0 && `ramp ${o.ramp} s`, o.warmup > 0 && `warm-up ${o.warmup} s`, `${o.duration} s measured`,
    steps.length > 1 && `${steps.length} ${o.search ? 'rates tried' : 'rounds'}`].filter(Boolean).join(', ');
  return `${many(o.connections, 'connection')} to ${many(o.urls.length, 'URL')} in ${many(o.rooms, 'room')}; ${load}; ${extra}.`;
}

function figures(report) {
  const all = [];
  const add = (name, value, more = '') => all.push(element('div', {}, element('dt', {}, name),
    element('dd', {}, value, ' ', more ? element('small', {}, more) : null)));
  if (report.search?.rate > 0) add('Highest rate that held', counts(report.search.rate), 'messages/s');
  if (report.published > 0) {
    add('Delivered', counts(report.deliveries_per_second), '/s');
    for (const [name, key] of [['Latency p50', 'p50'], ['Latency p99', 'p99'], ['Latency max', 'max']]) {
      if (report.latency_us.count > 0) add(name, us(report.latency_us[key]));
    }
    add('Lost', exact(report.lost), report.missed > 0 ? `missed ${exact(report.missed)}` : '');
    if (report.moves > 0) add('Left and came back', exact(report.moves), 'times');
    if (report.typing > 0) add('Typing notices', exact(report.typing), 'sent');
    add('Accepted', counts(report.acknowledged), report.refused > 0 ? `refused ${counts(report.refused)}` : `of ${counts(report.published)}`);
  }
  if (report.disconnected > 0 && (report.cuts || report.reconnects > 0)) add('Reconnected', exact(report.reconnects), `of ${exact(report.disconnected)}`);
  add('Still connected', exact(report.joined), `of ${exact(report.options.connections)}`);
  if (isQuiet(report) && report.heartbeats > 0) add('Heartbeats', exact(report.heartbeats), 'answered');
  if (connecting(report).connects_per_second > 0) add('Connected and joined', counts(connecting(report).connects_per_second), '/s');
  if (hasServers(report)) {
    if (report.server.deliveries > 0) add('Server CPU', numbers(report.server.cpu_seconds_per_million_deliveries), 's per million deliveries');
    if (report.servers.rss_bytes_per_connection > 0) add('Server memory', bytes(report.servers.rss_bytes_per_connection), 'per connection');
    else if (report.servers.rss_bytes_joined > 0) add('Server memory', '–', 'it used memory that it had before; restart the server to see');
  }
  return element('dl', { class: 'figures' }, ...all);
}

function sincePublishing(report, time) {
  const from = report.steps?.[0]?.from?.publishing;
  return from > 0 ? `${seconds(time - from)} after publishing began` : `${seconds(time)} after the beginning`;
}

function remarks(report) {
  const p = (text) => element('p', {}, text);
  return [
    report.generator_bottleneck && p(`About the load generator: ${report.generator_why ?? 'it was busy'}. It may have been the bottleneck itself.`),
    report.first_refusal && p(`The first refusal: ${report.first_refusal}`),
    report.command && p(`The command "${report.options.command}" was run ${sincePublishing(report, report.command.at)} and `
      + (report.command.ended ? `ended with status ${report.command.status}.` : 'was still running at the end.')),
    report.stalled_cut > 0 && p(`${many(report.stalled_cut, 'stalled reader')} disconnected by the server.`),
  ].filter(Boolean);
}

// --- tables of one run

const KINDS = [['latency', 'latency_us', 'from the time when a message was due until it was delivered'],
  ['answer', 'answer_us', 'from then until its publication was answered'], ['joining', 'connect_us', 'from connecting until the join was answered'],
  ['away', 'outage_us', 'from being cut until joined again'], ['publishing late', 'lag_us', 'how late the load generator was to send'],
  ['running late', 'stall_us', 'how late it came to run at all']];
function latencies(report) {
  const kinds = KINDS.filter(([, key]) => report[key]?.count > 0);
  const rows = kinds.map(([name, key]) => [name, ...['p50', 'p90', 'p99', 'p99.9', 'max'].map((q) => us(report[key][q]))]);
  const note = kinds.map(([name, key, text]) => `${name} (${key} in JSON): ${text}`).join('; ');
  return rows.length === 0 ? null : section('Times', table(['', 'p50', 'p90', 'p99', 'p99.9', 'max'], rows),
    element('p', { class: 'faint' }, `${note}.`));
}

/* Who did not get what, and who got it late, where connections were cut. */
function clients(report) {
  const { clients_cut: cut = 0, late_by: late, options: { connections } } = report;
  if (!late || !(report.published > 0) || (cut === 0 && !report.cuts)) return null;
  const after = us(report.late_after_us);
  const rows = [['that were disconnected, and missed some', cut, report.missed_by],
    ['that stayed connected, and missed some', connections - cut, report.lost_by],
    [`that got some later than ${after}`, connections, late]].map(([name, of, { count, sum, p50, max }]) =>
    [name, `${exact(count)} of ${exact(of)}`, ...[sum, p50, max].map((n) => (count > 0 ? exact(n) : '–'))]);
  const latest = late.count > 0 ? `, the latest ${us(report.latency_us.max)}` : '';
  const away = report.outage_us?.count > 0 ? ` They were away for ${us(report.outage_us.p50)} (p50), at most ${us(report.outage_us.max)}.` : '';
  const back = report.disconnected > 0 ? `${exact(report.reconnects)} of ${many(report.disconnected, 'connection')} that were cut came back.`
    : 'Nobody was disconnected.';
  return section('Clients', table([{ name: 'clients', text: true }, 'how many', 'messages', 'p50 each', 'max each'], rows),
    element('p', { class: 'faint' }, `${back}${away} Late is what came more than ${after} after it was due${latest}.`));
}

function faults(report) {
  const searched = isSearchResult(report);
  const rows = faultsOf(report).sort((a, b) => (b.count > 0) - (a.count > 0)).map(({ key, text, count, counts: bad }) => ({
    kind: count > 0 ? '' : 'zero',
    cells: [key.replaceAll('_', ' '), element('span', { class: count > 0 && bad && !searched ? 'bad' : '' }, exact(count)),
      count > 0 && !bad ? `${text} (part of this scenario)` : text],
  }));
  const note = searched && faultsOf(report).some(({ count }) => count > 0)
    ? element('p', { class: 'faint' }, 'All of them at rates that did not hold, see below.') : '';
  return section('Faults', note, table(['', 'count', { name: 'meaning', text: true }], rows));
}

function steps(report) {
  const all = report.steps ?? [];
  if (all.length < 2) return null;
  const { search } = report.options;
  const column = (show, name, value) => (show ? [{ name, value }] : []);
  const connects = all.some((step, i) => i > 0 && step.connects_per_second > 0);
  const traffic = all.some((step) => step.published > 0);
  const columns = [
    { name: search ? 'messages/s' : 'round', value: (step) => (search ? counts(step.rate) : String(all.indexOf(step) + 1)) },
    ...column(connects, 'joined/s', (step) => counts(step.connects_per_second)),
    ...column(connects, 'joining p99', (step) => p99Of(step.connect_us)),
    ...column(traffic, 'deliveries/s', (step) => counts(step.deliveries_per_second)),
    ...column(traffic, 'p99', (step) => p99Of(step.latency_us)),
    ...column(traffic && hasServers(report), 'CPU s per million deliveries', (step) => perMillion(step.server.cpu_seconds_per_million_deliveries)),
    { name: 'generator', value: (step) => `${Math.round(100 * (connects && !traffic ? step.connect_generator_cpu : step.generator_cpu))} %` },
    ...column(search, { name: 'holds', text: true }, (step) => (step.why ? `no: ${step.why}` : 'yes')),
  ];
  const heads = columns.map(({ name }) => name);
  const rows = all.map((step) => ({ kind: search && report.search.rate === step.rate && !step.why ? 'chosen' : '',
    cells: columns.map(({ value }) => value(step)) }));
  const sorted = [...all].filter((step) => step.published > 0).sort((a, b) => a.rate - b.rate);
  const against = (title, value, y) => figure({ title, scatter: true, x: { label: 'messages/s', scale: 'logarithmic', format: counts }, y,
    series: [['holds', (step) => !step.why], ['does not hold', (step) => step.why]].map(([name, which], place) => ({
      name, place, points: sorted.filter(which).map((step) => [step.rate, value(step)]) })).filter(({ points }) => points.length > 0) });
  return section(search ? 'The rates that were tried' : 'Rounds', table(heads, rows), search ? element('div', { class: 'plots' },
    against('p99 against the rate', (step) => step.latency_us.p99, { label: 'latency', scale: 'logarithmic', format: us }),
    hasServers(report) ? against('Server CPU per million deliveries against the rate', (step) =>
      step.server.cpu_seconds_per_million_deliveries, { label: 'CPU seconds', scale: 'linear', format: numbers, low: 0 }) : null) : '');
}

function servers(report) {
  if (!hasServers(report)) return null;
  return section('Server processes', table([{ name: 'process', text: true }, 'CPU s', 'memory', 'threads', ''],
    report.servers.processes.map((s) => [`${s.name} (${s.pid})`, numbers(s.cpu_seconds), bytes(s.rss_bytes), String(s.threads), s.gone ? 'has ended' : ''])));
}

const optionName = (key) => (key === 'urls' ? '--url' : `--${key.replaceAll('_', '-')}`);
const shown = (value) => (Array.isArray(value) ? value.join(' ') : String(value));
function options(report) {
  return element('details', {}, element('summary', {}, 'All options'), table(['option', { name: 'value', text: true }],
    Object.entries(report.options).map(([key, value]) => [optionName(key), shown(value)])));
}

// --- plots

/* Runs of several minutes in minutes. */
function timeAxis(label, low, high) {
  const minutes = high - low > 600;
  return { unit: minutes ? 60 : 1, label: `${minutes ? 'minutes' : 'seconds'} ${label}`, scale: 'time', format: digits3,
    precise: (x) => `${digits3(x)} ${minutes ? 'min' : 's'}`, low: low / (minutes ? 60 : 1), high: high / (minutes ? 60 : 1) };
}

const OVER_TIME = [
  { title: 'Latency, p99', of: (s) => s.p99_us, y: { label: 'latency', scale: 'logarithmic', format: us } },
  { title: 'Published', of: (s, report) => s.published / publishing(s, report), y: { label: 'messages/s', scale: 'linear', format: counts, low: 0 } },
  { title: 'Delivered', of: (s, report) => s.delivered / publishing(s, report, true), y: { label: 'deliveries/s', scale: 'linear', format: counts, low: 0 } },
  { title: 'Connections', of: (s) => s.joined, dip: (s) => [s.fewest_at, s.fewest], end: true, start: 0, y: { label: 'joined', scale: 'linear', format: counts, precise: exact, low: 0 } },
  { title: 'CPU of the servers', server: true, of: (s) => s.server_cpu, y: { label: 'cores', scale: 'linear', format: numbers, low: 0 } },
  { title: 'Memory of the servers', server: true, end: true, of: (s) => s.server_rss_bytes, y: { label: 'resident', scale: 'linear', format: bytes, low: 0 } },
];
/* The seconds of a sample in which messages were published, or came: an interval in which that began or ended is not
   one of a lower rate. Where it is only a small part, a few messages more or less would make any rate of it: NaN. */
function publishing(s, report, delivered = false) {
  const part = (report.steps ?? []).reduce((sum, { from = {}, measured_seconds: measured = 0 }) => {
    if (!(from.publishing > 0)) return sum;
    const stops = from.draining > 0 ? from.draining : report.seconds;
    const end = delivered && from.measuring > 0 ? Math.max(stops, from.measuring + measured) : stops;
    return sum + Math.max(0, Math.min(s.at, end) - Math.max(s.at - s.seconds, from.publishing));
  }, 0);
  if (part === 0) return s.seconds;
  return part < s.seconds / 2 && s.published < 20 ? NaN : part;
}

/* A rate belongs to the middle of its interval, a level to its end, and before that, where it was lower than at both ends,
   dip() says when and how low. What is not known is a gap. */
const track = (report, of, { end = false, start, dip, from = 0, unit = 1 }) => [
  ...(start === undefined ? [] : [[0, start]]),
  ...timeline(report).flatMap((s, i, all) => {
    const [at, low] = dip?.(s) ?? [];
    const dips = low < of(s, report) && low < (i > 0 ? of(all[i - 1], report) : start);
    return [...(dips ? [[at, low]] : []), [end ? s.at : s.at - s.seconds / 2, of(s, report)]];
  }),
].map(([x, y]) => [(x - from) / unit, Number.isFinite(y) ? y : null]);

function overTime(report) {
  const x = timeAxis('since the run began', 0, report.seconds);
  const phases = phasesOf(report);
  const bands = phases.map(({ name, from, to }) => ({ name: TINTS[name] ?? name, from: from / x.unit, to: to / x.unit }));
  const marks = report.command ? [{ at: report.command.at / x.unit, name: 'command' }] : [];
  const plot = (title, y, series, { end, start, dip } = {}) => figure({ title, x, y, bands, marks,
    empty: 'No sample: nothing of it came within an --interval.',
    series: series.map(([name, of, place]) => ({ name, place, points: track(report, of, { end, start, dip, unit: x.unit }) })) });
  const one = (title, name) => {
    const kind = OVER_TIME.find((each) => each.title === title);
    return plot(title, kind.y, [[name, kind.of]], kind);
  };
  const owed = timeline(report).some((s) => s.lost > 0);
  const traffic = report.published > 0;
  return section('Over time', phaseKey(phases, report), element('div', { class: 'plots' },
    traffic ? plot('Latency', OVER_TIME[0].y, [['max', (s) => s.max_us], ['p99', (s) => s.p99_us], ['p90', (s) => s.p90_us], ['p50', (s) => s.p50_us]]) : null,
    traffic ? one('Delivered', 'deliveries/s') : null,
    traffic ? one('Published', 'messages/s') : null,
    one('Connections', 'joined'),
    owed ? plot('Lost or missed, and not yet there', { label: 'deliveries', scale: 'linear', format: counts, precise: exact, low: 0 },
      [['lost or missed', (s) => s.lost], ['not yet there', (s) => s.outstanding]], { end: true }) : null,
    plot(hasServers(report) ? 'CPU' : 'CPU of the load generator', OVER_TIME[4].y,
      [...(hasServers(report) ? [['servers', (s) => s.server_cpu, 0]] : []), ['load generator', (s) => s.generator_cpu, 1]]),
    hasServers(report) ? one('Memory of the servers', 'resident memory') : null));
}

function phaseKey(phases, report) {
  const sums = new Map();
  for (const { name, from, to } of phases) sums.set(name, (sums.get(name) ?? 0) + to - from);
  const spans = [...sums].map(([name, sum]) => element('span', {},
    element('i', { style: `background: var(--${(TINTS[name] ?? name)}, none)` }), `${name} ${seconds(sum)}`));
  if (report.command) spans.push(element('span', {}, `┆ command ${sincePublishing(report, report.command.at)}`));
  return element('p', { class: 'key' }, ...spans);
}

/* How large the value is that a share of all does not exceed. */
function distribution(title, all, { label, format, scale = 'logarithmic', note }) {
  const places = all.map((each, place) => ({ ...each, place }));
  const series = places.filter(({ histogram }) => histogram?.count > 0 && histogram.buckets).map(({ name, histogram, place }) => {
    let seen = 0;
    const points = histogram.buckets.flatMap(([top, count]) => {
      const before = seen;
      seen += count;
      const last = seen === histogram.count ? 1 - 1 / (2 * histogram.count) : seen / histogram.count;
      return [[ninesOf(before / histogram.count), top], [ninesOf(last), top]];
    });
    return { name, points, place };
  });
  if (series.length === 0) return null;
  const most = Math.max(...series.map(({ points }) => points.at(-1)[0]), ninesOf(0.95));
  return figure({ title, note, series, named: all.length > 1, y: { label, scale, format, ...(scale === 'linear' ? { low: 0 } : {}) },
    x: { label: 'share of all up to this', scale: 'nines', format: shareOf, low: 0, high: most } });
}

const distributions = (all) => {
  const of = (title, key, kind) => distribution(title, all.map(({ name, report }) => ({ name, histogram: report[key] })), kind);
  const time = { label: 'time', format: us }, messages = { label: 'messages', format: counts, scale: 'linear' };
  const plots = [of('Latency', 'latency_us', { label: 'latency', format: us }),
    of('Time to connect and join', 'connect_us', time), of('Away: from the cut until joined again', 'outage_us', time),
    of('Messages that each client missed', 'missed_by', { ...messages, note: 'of the clients that were disconnected' }),
    of('Messages that each client lost', 'lost_by', { ...messages, note: 'of the clients that stayed connected' }),
    of('Messages that each client got late', 'late_by', messages)].filter(Boolean);
  return plots.length === 0 ? null : section('Distributions', element('div', { class: 'plots' }, ...plots));
};

// --- one run

function single({ report, name }) {
  const { options: o } = report;
  const what = `${o.scenario}${o.search ? ', search for the highest rate' : ''}`;
  document.title = `${what}: ${report.ok ? 'ok' : 'failed'} – roomcast-load`;
  main.append(element('h1', {}, `Load test: ${what}`),
    element('p', { class: 'faint' }, [o.dialect, report.started?.replace('T', ' ').replace('Z', ' UTC'), seconds(report.seconds),
      `roomcast-load ${report.version}`].filter(Boolean).join(' · ')),
    verdict(report), element('p', {}, inWords(report)));
  if (!report.error) {
    main.append(figures(report), ...remarks(report));
    main.append(...[clients(report), latencies(report), faults(report), steps(report)].filter(Boolean));
  }
  main.append(...[overTime(report), report.error ? null : distributions([{ name: 'latency', report }]), servers(report),
    options(report)].filter(Boolean));
}

// --- several runs

/* A value, and how it compares to the first run's: a large ratio without an exponent, a small one as a division. */
const ratioOf = (ratio) => (ratio < 0.1 ? `÷${counts(1 / ratio)}` : `×${counts(ratio)}`);
function compared(value, first, format, isFirst) {
  if (!(value > 0)) return '–';
  const ratio = !isFirst && first > 0 ? ratioOf(value / first) : '';
  return element('span', {}, format(value), ratio ? element('small', {}, ` ${ratio}`) : null);
}

function differences() {
  const keys = [...new Set(runs.flatMap(({ report }) => Object.keys(report.options)))];
  const differing = keys.filter((key) => new Set(runs.map(({ report }) => shown(report.options[key] ?? '–'))).size > 1);
  return differing.map((key) => [optionName(key), ...runs.map(({ report }) => shown(report.options[key] ?? '–'))]);
}

/* Why figures side by side may not say what they seem to. */
function cautions() {
  const say = (kind, text) => element('p', { class: kind }, text);
  const scenarios = new Set(runs.map(({ report }) => report.options.scenario));
  const differ = scenarios.size > 1 ? [say('bad', `The scenarios differ (${[...scenarios].join(', ')}): these runs did different things.`)] : [];
  return [...differ, ...runs.map(({ name, report }) => {
    const why = report.verdict?.at(-1)?.replace(/^FAILED: /, '');
    if (!report.ok) return say('bad', `${name} failed, which its figures may not show${why ? `: ${why}` : '.'}`);
    const met = isSearchResult(report) && faultsOf(report).some(({ count }) => count > 0);
    return met ? say('faint', `The faults of ${name} came at rates that did not hold.`) : '';
  })];
}

function sideBySide() {
  const heads = ['', ...runs.map(({ name }) => name)];
  const figuresRows = facts.rows.map(({ label, path, unit }) => {
    const values = runs.map(({ report }) => at(report, path));
    return values.some((value) => value > 0) ? [label, ...values.map((value, i) => compared(value, values[0], formats[unit], i === 0))] : null;
  }).filter(Boolean);
  const counted = runs.map(({ report }) => (report.steps ?? []).some(({ from }) => from?.over > 0));
  const found = runs.map(({ report }) => new Map(faultsOf(report).map(({ key, count }) => [key, count])));
  const faultRows = [...found[0].keys()].filter((key) => found.some((each) => each.get(key) > 0))
    .map((key) => [key.replaceAll('_', ' '), ...found.map((each, i) => (counted[i] ? exact(each.get(key)) : '–'))]);
  const ok = ['', ...runs.map(({ report }) => element('span', { class: report.ok ? 'good' : 'bad' }, report.ok ? '✓ ok' : '✗ failed'))];
  const changed = differences();
  main.append(section('Figures', table(heads, [ok, ...figuresRows]),
    element('p', { class: 'faint' }, `× and ÷ compare with ${runs[0].name}.`), ...cautions()));
  const none = counted.every(Boolean) ? 'None in any of the runs.' : 'None in those that came to their end.';
  main.append(section('Faults', faultRows.length > 0 ? table(heads, faultRows) : element('p', {}, none)));
  main.append(section('Options that differ', changed.length > 0 ? table(['', ...runs.map(({ name }) => ({ name, text: true }))], changed) : element('p', {}, 'None.')));
}

function overlaid() {
  const from = ({ report }) => report.steps?.[0]?.from?.publishing ?? 0;
  const low = Math.min(...runs.map((run) => -from(run)));
  const high = Math.max(...runs.map((run) => run.report.seconds - from(run)));
  const x = timeAxis('since publishing began', low, high);
  const wanted = OVER_TIME.filter(({ server }) => !server || runs.some(({ report }) => hasServers(report)));
  /* One that was run without --pid keeps its place, and with it its colour. */
  const lineOf = (run, { of, server, end, start, dip }) => (server && !hasServers(run.report)
    ? { name: `${run.name} (without --pid)`, points: [] }
    : { name: run.name, points: track(run.report, of, { end, start, dip, from: from(run), unit: x.unit }) });
  return section('Over time', element('div', { class: 'plots' }, ...wanted.map((kind) => figure({ title: kind.title, x, y: kind.y,
    series: runs.map((run) => lineOf(run, kind)) }))));
}

function several() {
  document.title = `${runs.length} runs side by side – roomcast-load`;
  main.append(element('h1', {}, `${runs.length} load tests side by side`));
  for (const { name, report } of runs) {
    main.append(element('p', {}, element('strong', {}, name), `: ${report.options.scenario}, ${report.options.dialect}, ${inWords(report)}`));
  }
  sideBySide();
  main.append(...[distributions(runs), overlaid()].filter(Boolean));
}

document.getElementById('text').open = false;
if (runs.length === 1) single(runs[0]);
else several();
