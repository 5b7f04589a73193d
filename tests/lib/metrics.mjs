// SPDX-License-Identifier: Apache-2.0
// Reads /metrics (Prometheus text format 0.0.4), and keeps what was read, so that tests/lib/coverage.mjs can say which
// series no test ever moved.
import { appendFileSync } from 'node:fs';

/* {"roomcast_closes_total{reason=\"slow\"}": 1, ...} */
export function parseMetrics(text) {
  const series = {};
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{.*\})?) (\S+)$/.exec(line);
    if (!match) throw new Error(`not a metrics line: ${line}`);
    series[match[1]] = Number(match[2]);
  }
  return series;
}

/* One line per snapshot: {gateway, at, series}. Where the environment names no file nothing is kept. */
export function recordMetrics(gateway, series) {
  const file = process.env.ROOMCAST_COVERAGE;
  if (file) appendFileSync(file, `${JSON.stringify({ gateway, series })}\n`);
}

/* The value of one series by its short name and labels: value(m, 'closes_total', 'reason="slow"'). */
export function value(series, name, labels = '') {
  const key = `roomcast_${name}${labels ? `{${labels}}` : ''}`;
  if (!(key in series)) throw new Error(`no such series: ${key}`);
  return series[key];
}
