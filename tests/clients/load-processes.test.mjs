// SPDX-License-Identifier: Apache-2.0
// roomcast-load as several processes: whatever ends one of them, or interrupts the run, ends all of it, and is said.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { assertCounters, Broker, Load, once5 } from '../lib/broker.mjs';
import { delay, waitFor } from '../lib/wait.mjs';

const THREE = ['--processes', '3', '--duration', '60', '--drain-timeout', '60', '--interval', '0.05'];

/* Ended processes that nobody has waited for yet are over, too. */
const lives = (pid) => existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
const allGone = (pids) => waitFor(() => !pids.some(lives), `the load processes ${pids} are gone`);

/* A run in three load processes that has got so far that it says `phase`. */
async function running(phase, faults = {}, options = []) {
  const broker = await new Broker('socketio', faults).start();
  const run = new Load(broker.url, [...THREE, ...options]);
  await run.said(phase);
  const pids = run.processes();
  assert.equal(pids.length, 3);
  return { broker, run, pids };
}

describe('a process that is killed', { concurrency: 3 }, () => {
  for (const which of [0, 1, 2]) test(`load process ${which}`, async () => {
    const { broker, run, pids } = await running(/ publishing /);
    process.kill(pids[which], 'SIGKILL');
    const { code, stderr, report, said } = await run.end();
    broker.stop();
    assert.equal(code, 1, said);
    assert.match(stderr, /FAILED: a load process was ended by signal 9 \(Killed\)/);
    assert.match(report.error, /signal 9/);
    await allGone(pids);
  });

  test('a load process, while connecting', async () => {
    const { broker, run, pids } = await running(/ connecting /, { join: () => true });
    process.kill(pids[1], 'SIGKILL');
    assert.equal((await run.end()).code, 1);
    broker.stop();
    await allGone(pids);
  });

  test('the conductor', async () => {
    const { broker, run, pids } = await running(/ publishing /);
    run.program.kill('SIGKILL');
    assert.equal((await run.end()).signal, 'SIGKILL');
    await allGone(pids);
    await waitFor(() => broker.server.clients.size === 0, 'all connections are gone');
    broker.stop();
  });
});

describe('a load process that does not get to run for a while', { concurrency: 2 }, () => {
  /* It stands still when all others have joined: one of the two does not hold the join that is answered last. */
  for (const which of [1, 2]) test(`load process ${which}, before publishing begins`, async () => {
    let last;
    const { broker, run, pids } = await running(/ connected 11\/12 /, {
      join(self, peer, id) {
        if (self.connections < 12 || last) return false;
        last = () => peer.send(self.dialect.ack(id, { ok: true }));
        self.enter(peer);
        return true;
      },
    }, ['--duration', '0.4', '--in-flight', '3']);
    process.kill(pids[which], 'SIGSTOP');
    last();
    await waitFor(() => broker.published > 0, 'it begins without it', 400).catch(() => {});
    process.kill(pids[which], 'SIGCONT');
    assertCounters(await run.end(), {}, 0);
    broker.stop();
  });

  test('the one that publishes, at the end: nothing that was due is left out', async () => {
    const { broker, run, pids } = await running(/ publishing /, {}, ['--rate', '30', '--duration', '0.8']);
    await waitFor(() => broker.published >= 5, 'some are published');
    process.kill(pids[0], 'SIGSTOP');
    await delay(900);
    process.kill(pids[0], 'SIGCONT');
    const result = await run.end();
    broker.stop();
    assertCounters(result, {}, 0);
    assert.equal(result.report.published, 24);
    assert.equal(result.report.delivered, 24 * 4);
    assert.equal(result.report.generator_bottleneck, true);
  });

  test('the one that publishes, for too long: less is published than was due, and that is a failure', async () => {
    const { broker, run, pids } = await running(/ publishing /, {}, ['--rate', '30', '--duration', '0.8']);
    await waitFor(() => broker.published >= 5, 'some are published');
    process.kill(pids[0], 'SIGSTOP');
    await delay(2500);
    process.kill(pids[0], 'SIGCONT');
    const result = await run.end();
    broker.stop();
    assertCounters(result, {}, 1);
    const { report, stdout } = result;
    assert.equal(report.due, 24);
    assert.ok(report.published >= 5 && report.published < 24, `${report.published}`);
    assert.equal(report.delivered, report.published * 4);
    assert.ok(stdout.includes(`FAILED: published ${report.published} of 24 that were due:`), stdout);
    assert.match(report.generator_why, /could not publish all that was due/);
  });

  test('it says that it may have been the bottleneck', async () => {
    const { broker, run, pids } = await running(/ publishing /, {}, ['--duration', '1']);
    for (let i = 0; i < 4; i++) {
      process.kill(pids[2], 'SIGSTOP');
      await delay(100);
      process.kill(pids[2], 'SIGCONT');
      await delay(20);
    }
    const result = await run.end();
    broker.stop();
    assertCounters(result, {}, 0);
    assert.ok(result.report.stall_us.max >= 80_000);
    assert.ok(result.report.generator_cpu < 0.9);
    assert.equal(result.report.generator_bottleneck, true);
    assert.match(result.report.generator_why, /did not get to run in time|published late/);
    assert.match(result.stdout, /^ +it .*: it may have been the bottleneck itself$/m);
  });
});

describe('Ctrl-C', { concurrency: 3 }, () => {
  for (const processes of ['1', '3']) test(`while publishing: the summary, load processes: ${processes}`, async () => {
    const broker = await new Broker('socketio').start();
    const run = new Load(broker.url, [...THREE, '--processes', processes]);
    await run.said(/ publishing .*\n.* publishing /);
    run.program.kill('SIGINT');
    const { code, report, stdout, said } = await run.end();
    broker.stop();
    assert.equal(code, 0, said);
    assert.equal(report.interrupted, true);
    assert.ok(report.published > 0);
    assert.equal(report.published, broker.published);
    assert.equal(report.delivered, report.published * 4);
    assert.match(stdout, /^interrupted: published for a shorter time than asked for$/m);
    assert.doesNotMatch(stdout, /FAILED|outstanding/);
  });

  test('while connecting', async () => {
    const { broker, run, pids } = await running(/ connecting /, { join: () => true });
    run.program.kill('SIGTERM');
    const { code, report, stderr } = await run.end();
    broker.stop();
    assert.equal(code, 1);
    assert.equal(report.interrupted, true);
    assert.match(stderr, /FAILED: interrupted while connecting \(0 of 12 clients had joined\)/);
    await allGone(pids);
  });

  test('while waiting for what is outstanding', async () => {
    const { broker, run } = await running(/ draining /, { deliver: once5(() => true) }, ['--duration', '0.4']);
    run.program.kill('SIGINT');
    const { code, report, stdout } = await run.end();
    broker.stop();
    assert.equal(code, 1);
    assert.equal(report.interrupted, true);
    assert.equal(report.lost, 1);
    assert.match(stdout, /FAILED: lost 1:/);
    assert.match(stdout, /^interrupted: did not wait for all that was outstanding: what is lost may only be late$/m);
    assert.doesNotMatch(stdout, /shorter time/);
  });

  test('a second one does not wait for what is outstanding', async () => {
    const { broker, run } = await running(/ publishing /, { answer: (_, peer, id, { p }) => p === 0 });
    await waitFor(() => broker.published > 20, 'some are published');
    run.program.kill('SIGINT');
    await run.said(/ draining /);
    run.program.kill('SIGINT');
    const { code, report } = await run.end();
    broker.stop();
    assert.equal(code, 1);
    assert.ok(report.unanswered > 0);
    assert.equal(report.unanswered + report.acknowledged, report.published);
    assert.equal(report.lost, 0);
  });

  test('a third one does not wait for load processes that do not move', async () => {
    const { broker, run, pids } = await running(/ publishing /);
    process.kill(pids[2], 'SIGSTOP');
    for (let i = 0; i < 3; i++) {
      run.program.kill('SIGINT');
      const seen = run.program.stderr.length; /* signals that come at once are one */
      await waitFor(() => run.program.status || /\n/.test(run.program.stderr.slice(seen)), 'it goes on');
    }
    const { code, stderr } = await run.end();
    broker.stop();
    assert.equal(code, 1);
    assert.match(stderr, /FAILED: interrupted 3 times: gave up/);
    await allGone(pids);
  });

  test('in a search: what was found until then', async () => {
    const { broker, run } = await running(/50 messages\/s: holds[^]* publishing /, {},
      ['--search', '--rate', '50', '--duration', '0.5', '--max-p99', '5000']);
    run.program.kill('SIGINT');
    const { code, report, stdout } = await run.end();
    broker.stop();
    assert.equal(code, 0);
    assert.equal(report.interrupted, true);
    assert.equal(report.search.rate, report.steps.at(-2).rate);
    assert.equal(report.steps.at(-1).why, 'interrupted');
    assert.match(stdout, /^interrupted: the search was not finished; [\d.]+ messages\/s \(.*\) held, higher rates may hold, too: /m);
    assert.doesNotMatch(stdout, /^ok|is the highest rate/m);
  });
});
