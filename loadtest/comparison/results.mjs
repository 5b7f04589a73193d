// SPDX-License-Identifier: Apache-2.0
// Results: of each row what was measured in each run, its medians, and whether its goals hold. Kept as one JSON file,
// into which later runs of single rows are merged.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdown } from './markdown.mjs';
import { rows } from './rows.mjs';

function median(values) {
  const numbers = values.filter((value) => typeof value === 'number').sort((a, b) => a - b);
  if (numbers.length === 0) return undefined;
  const middle = numbers.length / 2;
  return Number.isInteger(middle) ? (numbers[middle - 1] + numbers[middle]) / 2 : numbers[Math.floor(middle)];
}

/* Figures of several runs by name: medians of numbers, but the most that was lost; of flags whether any was set. */
export function summarize(runs) {
  const fine = runs.filter((run) => !run.error);
  const names = new Set(fine.flatMap(Object.keys));
  const summary = {};
  for (const name of names) {
    const values = fine.map((run) => run[name]);
    if (typeof values[0] === 'boolean') summary[name] = values.includes(true);
    else summary[name] = name === 'lost' ? Math.max(...values) : median(values);
  }
  const error = runs.find((run) => run.error)?.error;
  return error ? { ...summary, error } : summary;
}

/* {value, holds}; without a value when something was not measured. What lost messages did not do the same work:
   no goal holds by it. cells: summaries by measurement and peer. */
export function judge(goal, cells) {
  const figure = ([peer, measure]) => cells[measure]?.[peer]?.[goal.figure];
  const own = figure(goal.of);
  const value = goal.to ? own / figure(goal.to) : own;
  if (!Number.isFinite(value)) return { ...goal };
  const places = [goal.of, goal.to].filter(Boolean).map(([peer, measure]) => cells[measure][peer]);
  const lossy = goal.figure !== 'lost' && places.some(({ lost }) => lost > 0);
  const within = goal.atMost === undefined ? value >= goal.atLeast : value <= goal.atMost;
  const limited = places.some((place) => place.generator_limited === true);
  return { ...goal, value, holds: within && !lossy, lossy, limited };
}

/* kept: {name, runs, date, count, machine}, runs by measurement and peer: lists of figures. */
function result(kept) {
  const row = rows.find(({ name }) => name === kept.name);
  const summaries = (byPeer) => Object.entries(byPeer).map(([peer, runs]) => [peer, summarize(runs)]);
  const medians = Object.fromEntries(Object.entries(kept.runs)
    .map(([measure, byPeer]) => [measure, Object.fromEntries(summaries(byPeer))]));
  return { ...kept, title: row.title, load: row.load, medians, goals: row.goals.map((goal) => judge(goal, medians)) };
}

/* Replaces that row in the folder's JSON file, and writes the report anew. */
export function keep(folder, one) {
  const path = join(folder, 'comparison.json');
  mkdirSync(folder, { recursive: true });
  const before = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).rows : [];
  const known = new Map([...before, one].map((each) => [each.name, each]));
  const all = rows.filter(({ name }) => known.has(name)).map(({ name }) => result(known.get(name)));
  writeFileSync(path, `${JSON.stringify({ rows: all }, null, 2)}\n`);
  writeFileSync(join(folder, 'comparison.md'), markdown(all));
}
