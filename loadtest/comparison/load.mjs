// SPDX-License-Identifier: Apache-2.0
// One run of roomcast-load, on its core.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../tests/lib/process.mjs';
import { programs } from './machine.mjs';
import { pinned } from './servers.mjs';

const LONGEST_MS = 600_000;
let folder;

/* Options from an object: {rate: 10, search: true} is --rate 10 --search; undefined ones are left out. */
const options = (values) => Object.entries(values)
  .filter(([, value]) => value !== undefined)
  .flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, value]));

/* The load generator's JSON report. Throws when there is none. */
export async function load({ place, servers, peer }, values) {
  folder ??= temporaryFolder('compare');
  const path = join(folder, 'report.json');
  const args = [...servers.urls.flatMap((url) => ['--url', url]), ...servers.pids.flatMap((pid) => ['--pid', pid]),
    ...(peer.load ?? []), ...options(values), '--interval', 0.5, '--no-progress', '--json', path];
  const generator = pinned('roomcast-load', place.core, place.files, programs.load, args, 'SIGTERM');
  const { code } = await generator.exit(LONGEST_MS).finally(() => generator.kill());
  const said = `${generator.stdout}${generator.stderr}`.trim();
  if (servers.trouble) throw new Error(servers.trouble);
  if (code !== 0 && code !== 1) throw new Error(said.split('\n')[0] || `roomcast-load ended with ${code}`);
  const report = JSON.parse(readFileSync(path, 'utf8'));
  if (report.error) throw new Error(report.error);
  return report;
}
