// SPDX-License-Identifier: Apache-2.0
// The report: first the goals, then every figure.
import { peers } from './peers.mjs';

const digits = (n) => (Math.abs(n) >= 100 ? 0 : Math.abs(n) >= 10 ? 1 : Math.abs(n) >= 1 ? 2 : 3);
const number = (value) => value.toLocaleString('en-US', { maximumFractionDigits: digits(value) });
const bytes = (value) => (value >= 1 << 20 ? `${number(value / (1 << 20))} MiB` : `${number(value / 1024)} KiB`);
const percent = (value) => `${number(value * 100)} %`;

/* Figures, in the order in which they are shown: title, format. */
const figures = {
  offered: ['messages/s offered', number],
  messages_per_second: ['messages/s', number],
  deliveries_per_second: ['deliveries/s', number],
  cpu_us: ['CPU s per million deliveries', number],
  cpu_share: ['CPU of servers', percent],
  cpu_share_each: ['CPU of servers, by gateway', percent],
  p50_ms: ['p50 ms', number],
  p99_ms: ['p99 ms', number],
  lost: ['lost', number],
  cut: ['stalled readers disconnected', number],
  disconnected: ['disconnected', number],
  bytes_per_connection: ['memory per connection', bytes],
  memory_bytes: ['memory more than before', bytes],
  handshakes_per_second: ['handshakes/s', number],
  handshakes_per_cpu_second: ['handshakes per CPU s', number],
  handshake_us: ['CPU µs per handshake', number],
  handshake_p99_ms: ['handshake p99 ms', number],
  frames_per_second: ['frames/s', number],
  frames_per_cpu_second: ['frames per CPU s', number],
  generator_share: ['CPU of the load generator', percent],
};

const line = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, body) => [line(head), line(head.map(() => '---')), ...body.map(line), ''];

const place = ([peer, measure]) => `${peers[peer].title} (${measure})`;
const sign = (goal) => (goal.atMost === undefined ? `≥ ${number(goal.atLeast)}` : `≤ ${number(goal.atMost)}`);

function goalLine(row, goal) {
  const [title, format] = figures[goal.figure];
  const what = goal.to ? `${place(goal.of)} to ${place(goal.to)}` : place(goal.of);
  const limit = goal.to ? sign(goal) : `${goal.atMost === undefined ? '≥' : '≤'} ${format(goal.atMost ?? goal.atLeast)}`;
  const measured = goal.value === undefined ? 'not measured' : goal.to ? number(goal.value) : format(goal.value);
  const note = goal.lossy ? ' (messages were lost: not comparable)' : goal.limited ? ' (the load generator may have been the limit)' : '';
  const verdict = goal.value === undefined ? '' : goal.holds ? 'yes' : '**no**';
  return [row.title, title, what, limit, measured + note, verdict];
}

function cell(summary, name) {
  const value = summary[name];
  return !Number.isFinite(value) ? '' : figures[name][1](value);
}

function measureTable(measure, byPeer) {
  const entries = Object.entries(byPeer);
  const shown = Object.keys(figures).filter((name) => entries.some(([, summary]) => Number.isFinite(summary[name])));
  const body = entries.map(([peer, summary]) => [peers[peer].title, ...shown.map((name) => cell(summary, name)),
    summary.error ? `failed: ${summary.error}` : summary.generator_limited ? 'the load generator may have been the limit' : '']);
  return [`${measure}:`, '', ...table(['', ...shown.map((name) => figures[name][0]), ''], body)];
}

const loadText = (load) => Object.entries(load).map(([name, value]) => `--${name} ${value}`).join(' ');

function rowText(row) {
  const note = row.quick ? ' A quick run: its figures mean nothing.' : '';
  return [`## ${row.title}`, '',
    `Row \`${row.name}\`, \`${loadText(row.load)}\`, ${row.date}, ${row.count} run${row.count === 1 ? '' : 's'}, Roomcast `
    + `${row.machine.versions.Roomcast}.${note}`, '',
    ...Object.entries(row.medians).flatMap(([measure, byPeer]) => measureTable(measure, byPeer))];
}

/* What the rows were measured on, and with what; more than one value of a thing when rows differ in it. */
function machineText(rows) {
  const machines = rows.map(({ machine: m }) => `${m.cores} × ${m.cpu}, Linux ${m.kernel}.`);
  const versions = rows.flatMap(({ machine: m }) => Object.entries(m.versions)
    .filter(([name]) => name !== 'Roomcast').map((pair) => pair.join(' ')));
  return [...new Set(machines), '', `${[...new Set(versions)].join(', ')}.`];
}

export function markdown(rows) {
  return [
    '# Side by side', '',
    'Written by `loadtest/compare`. All servers of a line share one core, Redis included, and the load generator has',
    'another one. Every figure is the median of its runs, which took turns; of what was lost it is the most in any run.',
    'Most figures are CPU time: it varies less than what a busy machine allows.', '',
    ...machineText(rows), '',
    '## Goals', '',
    ...table(['row', 'figure', 'of', 'must be', 'is', 'holds'], rows.flatMap((row) => row.goals.map((goal) => goalLine(row, goal)))),
    ...rows.flatMap(rowText),
  ].join('\n');
}
