// SPDX-License-Identifier: Apache-2.0
// roomcast-load --pid: what it says of a server's CPU time and memory, against what that process says of itself.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { load, run } from '../lib/broker.mjs';
import { within } from '../lib/wait.mjs';

class Busy {
  constructor(t) {
    this.child = fork(new URL('../lib/busy.mjs', import.meta.url));
    t.after(() => this.child.kill('SIGKILL'));
  }

  get pid() {
    return String(this.child.pid);
  }

  async usage() {
    this.child.send('usage');
    return (await within(once(this.child, 'message'), 10_000, 'the process tells what it used'))[0];
  }

  async end() {
    this.child.send('end');
    await within(once(this.child, 'exit'), 10_000, 'the process ends');
  }
}

const RUN = ['--duration', '1.5', '--warmup', '0.2', '--interval', '0.2'];

describe('--pid', { concurrency: 2 }, () => {
  test('CPU time and memory', async (t) => {
    const server = new Busy(t);
    const before = await server.usage();
    const { code, report, stdout, said } = await run('socketio', {}, [...RUN, '--pid', server.pid]);
    const after = await server.usage();
    assert.equal(code, 0, said);
    const used = after.cpu - before.cpu, [seen] = report.servers.processes;
    assert.ok(used > 0.2, `${used}`);
    assert.equal(String(seen.pid), server.pid);
    assert.equal(seen.gone, false);
    assert.ok(seen.threads > 2);
    /* The process was also asked, before and after: it has used a little more than was seen. */
    assert.ok(seen.cpu_seconds <= used + 0.05 && seen.cpu_seconds >= used * 0.6, `${seen.cpu_seconds} of ${used}`);
    assert.ok(report.servers.cpu_seconds > 0.1 && report.servers.cpu_seconds < seen.cpu_seconds);
    assert.ok(Math.abs(seen.rss_bytes - after.rss) < after.rss * 0.2, `${seen.rss_bytes}, ${after.rss}`);
    assert.ok(seen.rss_bytes > 64 << 20);
    assert.ok(Math.abs(report.server.deliveries - 900) < 90, `${report.server.deliveries}`);
    assert.ok(Math.abs(report.server.messages - 225) < 23);
    assert.ok(Math.abs(report.server.seconds - 1.5) < 0.2);
    const each = report.server.cpu_seconds * 1e6 / report.server.deliveries;
    assert.ok(Math.abs(report.server.cpu_seconds_per_million_deliveries - each) < each / 1000);
    const sampled = report.timeline.reduce((sum, sample) => sum + sample.server_cpu * sample.seconds, 0);
    assert.ok(sampled > 0 && sampled <= seen.cpu_seconds + 0.05);
    assert.match(stdout, /^servers +\d\.\d+ of a core while it was measured\n +CPU seconds per million: deliveries \d/m);
  });

  test('several are added up', async (t) => {
    const servers = [new Busy(t), new Busy(t)];
    for (const server of servers) await server.usage();
    const { report } = await run('socketio', {}, [...RUN, ...servers.flatMap(({ pid }) => ['--pid', pid])]);
    const [a, b] = report.servers.processes;
    assert.deepEqual([String(a.pid), String(b.pid)], servers.map(({ pid }) => pid));
    assert.equal(report.servers.rss_bytes, a.rss_bytes + b.rss_bytes);
  });

  test('one that ends in mid-run', async (t) => {
    const server = new Busy(t);
    await server.usage();
    const running = run('socketio', {}, [...RUN, '--pid', server.pid]);
    setTimeout(() => server.end(), 700);
    const { code, report, stdout } = await running;
    assert.equal(code, 0);
    assert.equal(report.servers.processes[0].gone, true);
    assert.ok(report.servers.processes[0].cpu_seconds > 0);
    assert.match(stdout, /\), has ended: /);
  });

  for (const [pid, message] of [
    ['4194305', /option --pid: cannot read what process 4194305 uses: there is no such process/],
    ['0', /option --pid: expected the number of a process, got "0"/],
    ['me', /option --pid: expected the number of a process, got "me"/],
  ]) test(`no such process: ${pid}`, async () => {
    const { code, stderr } = await load('http://127.0.0.1:1', ['--pid', pid]);
    assert.equal(code, 2);
    assert.match(stderr, message);
  });
});
