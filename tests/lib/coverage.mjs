// SPDX-License-Identifier: Apache-2.0
// Did some test move every series of /metrics? Reads the snapshots that tests/lib/metrics.mjs kept and lists the series
// that never differed from a gateway's first values. A counter that nobody has seen moving may as well be broken.
//
//   node tests/lib/coverage.mjs FILE
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/* What a test cannot bring about from outside, and why. */
const UNTESTABLE = [
  [/reason="out_of_memory"/, 'needs a failing malloc()'],
  [/closes_total\{reason="shutdown"/, 'counted while the process ends, when nobody can read it any more'],
  [/refusals_total\{reason="unknown_version"/, 'such a publication is no refusal: dropped_total counts it'],
];

export function neverMoved(lines) {
  const moved = new Set();
  const all = new Set();
  for (const line of lines) {
    const { series } = JSON.parse(line);
    for (const [name, value] of Object.entries(series)) {
      all.add(name);
      if (value !== 0) moved.add(name);
    }
  }
  return [...all].filter((name) => !moved.has(name)).sort();
}

function main(file) {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const missing = neverMoved(lines).filter((name) => !/_bucket\{/.test(name)
    && !UNTESTABLE.some(([pattern]) => pattern.test(name)));
  console.log(`${lines.length} snapshots, ${missing.length} series that never moved`);
  for (const name of missing) console.log(`  ${name}`);
  process.exitCode = missing.length === 0 && lines.length > 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main(process.argv[2]);
