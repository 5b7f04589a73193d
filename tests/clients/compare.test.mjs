// SPDX-License-Identifier: Apache-2.0
// loadtest/compare with a row that needs no other servers: it measures, judges, and keeps rows of earlier runs.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cores, missing } from '../../loadtest/comparison/machine.mjs';
import { judge, summarize } from '../../loadtest/comparison/results.mjs';
import { program as gateway } from '../lib/gateway.mjs';
import { run, temporaryFolder } from '../lib/process.mjs';
import { freePort } from '../lib/redis.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const folder = temporaryFolder('compare');
const env = {
  ROOMCAST_GATEWAY: gateway,
  ROOMCAST_LOAD: process.env.ROOMCAST_LOAD ?? join(root, 'build/asan/roomcast-load'),
  ROOMCAST_REFERENCE: process.env.ROOMCAST_REFERENCE ?? join(root, 'build/asan/roomcast-reference'),
};

const compare = (args, more = {}) => run(join(root, 'loadtest/compare'), args, { env: { ...env, ...more }, ms: 100_000 });
const rows = () => JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8')).rows;

const why = cores().length < 2 ? 'it needs two cores' : false;

test('rows are measured, judged and written, and stay when another row is measured', { skip: why }, async () => {
  const port = await freePort();
  for (const row of ['bursts', 'generator']) {
    const { code, stdout, stderr } = await compare(['--quick', '--only', row, '--out', folder, '--port', port]);
    assert.equal(code, 0, stdout + stderr);
  }
  assert.deepEqual(rows().map(({ name }) => name), ['bursts', 'generator']);
  const [bursts] = rows();
  for (const peer of ['roomcast', 'reference']) {
    const figures = bursts.medians['bursts of 10'][peer];
    assert.equal(figures.lost, 0);
    assert.ok(figures.cpu_us > 0 && figures.p99_ms > 0 && figures.deliveries_per_second > 0, JSON.stringify(figures));
  }
  for (const goal of bursts.goals) assert.equal(goal.holds, goal.value <= goal.atMost);
  const report = readFileSync(join(folder, 'comparison.md'), 'utf8');
  assert.match(report, /^## 1 room of 1,000, 64 bytes, messages that come together$/m);
  assert.match(report, /^\| bare epoll reference \| /m);
});

test('what does not work is said', async () => {
  const port = await freePort();
  const failed = await compare(['--quick', '--only', 'bursts', '--out', folder, '--port', port],
    { ROOMCAST_REFERENCE: '/bin/false' });
  if (!why) assert.match(failed.stderr, /bare epoll reference: failed: roomcast-reference ended at once/);
  assert.equal(failed.code, 1);
  const absent = await compare(['--only', 'bursts'], { ROOMCAST_LOAD: '/nowhere/load' });
  assert.equal(absent.code, 1);
  assert.match(absent.stderr, /not built: \/nowhere\/load /);
  for (const args of [['--only', 'nothing'], ['--runs', '0'], ['--cores', '0'], ['--port', 'x'], ['--what']]) {
    const { code, stderr } = await compare(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, /--help/);
  }
});

describe('figures', () => {
  test('medians of runs; a flag is set if any run set it; the runs that failed do not count', () => {
    const runs = [{ cpu_us: 3, generator_limited: false }, { cpu_us: 1, generator_limited: true }, { cpu_us: 10 }];
    assert.deepEqual(summarize(runs), { cpu_us: 3, generator_limited: true });
    assert.deepEqual(summarize([{ cpu_us: 1 }, { cpu_us: 2 }]), { cpu_us: 1.5 });
    assert.deepEqual(summarize([{ lost: 0 }, { lost: 7 }, { lost: 0 }]), { lost: 7 });
    assert.deepEqual(summarize([{ cpu_us: 1 }, { error: 'it fell over' }]), { cpu_us: 1, error: 'it fell over' });
  });

  test('a goal holds, does not, or was not measured', () => {
    const cells = { x: { a: { cpu_us: 1 }, b: { cpu_us: 4, generator_limited: true } } };
    const goal = { figure: 'cpu_us', of: ['a', 'x'], to: ['b', 'x'] };
    assert.deepEqual(judge({ ...goal, atMost: 0.25 }, cells), { ...goal, atMost: 0.25, value: 0.25, holds: true, lossy: false, limited: true });
    assert.equal(judge({ ...goal, atMost: 0.2 }, cells).holds, false);
    assert.equal(judge({ ...goal, atLeast: 0.3 }, cells).holds, false);
    assert.equal(judge({ ...goal, to: null, atLeast: 1 }, cells).holds, true);
    assert.equal(judge({ ...goal, of: ['a', 'y'] }, cells).holds, undefined);
    cells.x.b.lost = 1;
    assert.deepEqual(judge({ ...goal, atMost: 0.25 }, cells), { ...goal, atMost: 0.25, value: 0.25, holds: false, lossy: true, limited: true });
    assert.equal(judge({ figure: 'lost', of: ['b', 'x'], atMost: 1 }, cells).holds, true);
  });

  test('nothing is missing for the rows that need no other server', { skip: why }, () => {
    assert.deepEqual(missing(['always']).filter((text) => /Debian/.test(text)), []);
  });
});
