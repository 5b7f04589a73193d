// SPDX-License-Identifier: Apache-2.0
// The shapes of load and the scenarios of roomcast-load, against servers that see what it does, and do wrong.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { assertCounters, Broker, load, Load, once5, run } from '../lib/broker.mjs';
import { waitFor } from '../lib/wait.mjs';

const clock = () => Number(process.hrtime.bigint() / 1000n); /* CLOCK_MONOTONIC, as the generator's */

/* Publications as the server sees them: what they say, when they came, and in which chunk of bytes of their peer. */
function recorder(more = {}) {
  const seen = [];
  return {
    seen,
    publish(broker, peer, id, value) {
      seen.push({ ...value, at: clock(), chunk: peer.chunk });
      return false;
    },
    ...more,
  };
}

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

describe('when messages come', { concurrency: 3 }, () => {
  for (const processes of ['1', '3']) test(`--burst: in groups, each in one write; load processes: ${processes}`, async () => {
    const faults = recorder();
    const result = await run('socketio', faults, ['--burst', '5', '--processes', processes]);
    assertCounters(result, {}, 0);
    assert.equal(faults.seen.length, 60);
    for (const publisher of [0, 1, 2]) {
      const own = faults.seen.filter(({ p }) => p === publisher);
      assert.deepEqual(own.map(({ s }) => s), Array.from({ length: 20 }, (_, i) => i));
      for (let i = 0; i < 20; i++) {
        assert.equal(own[i].t, own[i - i % 5].t, 'a group is due at once');
        assert.equal(own[i].chunk, own[i - i % 5].chunk, 'a group comes at once');
      }
      assert.deepEqual([5, 10, 15].map((i) => own[i].t - own[i - 5].t), [100_000, 100_000, 100_000]);
    }
  });

  test('a burst that is larger than what may wait for the socket', async () => {
    const result = await run('socketio', {}, ['--burst', '40', '--size', '500000', '--rate', '100', '--publishers', '1',
      '--connections', '2', '--rooms', '1', '--drain-timeout', '20']);
    assertCounters(result, {}, 0);
    assert.equal(result.report.delivered, 80);
  });

  test('--ramp: the rate rises', async () => {
    const faults = recorder();
    const result = await run('socketio', faults, ['--rate', '200', '--ramp', '0.8', '--duration', '0.3']);
    assertCounters(result, {}, 0);
    const due = faults.seen.map(({ t }) => t - faults.seen[0].t).sort((a, b) => a - b);
    assert.equal(due.length, 80 + 60);
    for (let n = 0; n < 80; n++) assert.ok(Math.abs(due[n] - Math.sqrt(2 * n * 0.8 / 200) * 1e6) <= 2, `${n}: ${due[n]}`);
    for (let n = 80; n < 140; n++) assert.ok(Math.abs(due[n] - (800_000 + (n - 80) * 5000)) <= 2, `${n}: ${due[n]}`);
    assert.equal(due.filter((t) => t < 400_000).length, 20);
    assert.equal(result.report.measured, 60 * 4);
  });

  test('they come when they are due, not before', async () => {
    const faults = recorder();
    assertCounters(await run('socketio', faults, ['--duration', '1']), {}, 0);
    const late = faults.seen.map(({ t, at }) => at - t);
    assert.ok(Math.min(...late) >= 0);
    assert.ok(median(late) < 50_000, `${median(late)} us`);
  });

  test('latency counts from when a message was due', async () => {
    const { report } = await run('socketio', {
      deliver(broker, member, room, text) {
        setTimeout(() => member.send(text), 150);
        return true;
      },
    });
    assert.ok(report.latency_us.p50 >= 149_000 && report.latency_us.p50 < 1_000_000, `${report.latency_us.p50}`);
    assert.ok(report.answer_us.p50 < 149_000);
  });

  for (const [timeout, lost] of [['5', 0], ['0.2', 4]]) {
    test(`--drain-timeout ${timeout}: what comes 0.7 s after the end is ${lost ? 'lost' : 'waited for'}`, async () => {
      const result = await run('socketio', {
        deliver(broker, member, room, text, { p, s }) {
          if (p !== 2 || s !== 19) return false;
          setTimeout(() => member.send(text), 700);
          return true;
        },
      }, ['--drain-timeout', timeout, '--processes', '3']);
      assertCounters(result, lost ? { lost } : {}, lost ? 1 : 0);
    });
  }

  for (const processes of ['1', '3']) test(`--warmup: verified, but not measured; load processes: ${processes}`, async () => {
    const held = [];
    const slowAtFirst = {
      deliver(broker, member, room, text, { s }) {
        if (s < 8) held.push(() => member.send(text));
        if (s === 8) for (const send of held.splice(0)) send();
        return s < 8;
      },
    };
    const result = await run('json', slowAtFirst, ['--warmup', '0.2', '--ramp', '0.08', '--processes', processes]);
    assertCounters(result, {}, 0);
    const { report } = result;
    assert.equal(report.published, 6 + 30 + 60);
    assert.equal(report.delivered, 96 * 4);
    assert.equal(report.measured, 60 * 4);
    assert.equal(report.latency_us.count, 60 * 4);
    assert.equal(report.early_latency_us.count, 36 * 4);
    assert.ok(report.early_latency_us.max >= 80_000 && report.timeline.some(({ max_us: max }) => max >= 80_000), 'it is seen over time');
    assert.equal(report.answer_us.count, 60);
    assert.ok(report.latency_us.p50 < 80_000);
    const lostInWarmup = await run('json', { deliver: once5(() => true) }, ['--warmup', '0.2']);
    assertCounters(lostInWarmup, { lost: 1 });
  });
});

describe('storm', { concurrency: 3 }, () => {
  const STORM = ['--scenario', 'storm', '--duration', '0.1', '--rate', '0', '--publishers', '0', '--reconnect-delay', '0.05'];

  test('all come again in each round', async () => {
    const result = await run('socketio', {}, [...STORM, '--rounds', '4', '--processes', '2']);
    assertCounters(result, {}, 0);
    assert.equal(result.report.steps.length, 4);
    for (const step of result.report.steps) {
      assert.equal(step.joined, 12);
      assert.equal(step.connect_us.count, 12);
      assert.ok(step.connects_per_second > 0);
    }
    assert.equal(result.broker.connections, 48);
    assert.deepEqual(result.broker.joins, { 'room-0': 16, 'room-1': 16, 'room-2': 16 });
    assert.match(result.stdout, /^ok: all connections held$/m);
  });

  test('samples that are longer than a round show that all were closed', async () => {
    const result = await run('socketio', {}, [...STORM, '--rounds', '2', '--processes', '2', '--duration', '0.4', '--interval', '0.3']);
    assertCounters(result, {}, 0);
    const { timeline, steps: [, { from: { connecting } }] } = result.report;
    const [closed] = timeline.filter(({ at, seconds }) => at - seconds <= connecting && at > connecting);
    assert.equal(closed.fewest, 0, JSON.stringify(timeline));
    assert.ok(Math.abs(closed.fewest_at - connecting) < 0.1, `${closed.fewest_at}, ${connecting}`);
    for (const { at, seconds, fewest, fewest_at: when, joined } of timeline) {
      assert.ok(fewest <= joined && when > at - seconds - 0.001 && when <= at, JSON.stringify(timeline));
    }
  });

  for (const processes of ['1', '3']) test(`a share of the handshakes is refused; load processes: ${processes}`, async () => {
    let asked = 0, refused = 0;
    const verifyClient = (info, done) => {
      const no = ++asked % 4 === 0;
      if (no) refused++;
      done(!no, 503);
    };
    const result = await run('socketio', { server: { verifyClient } }, [...STORM, '--processes', processes]);
    const { code, report, stdout, stderr, broker } = result;
    assert.equal(code, 1);
    assert.ok(refused >= 9);
    assert.equal(report.steps.reduce((sum, step) => sum + step.connect_failed, 0), refused);
    assert.equal(broker.connections, 36);
    for (const step of report.steps) assert.equal(step.joined, 12);
    assert.match(stdout, new RegExp(`FAILED: connect_failed ${refused}:`));
    assert.match(stderr, /could not connect: .*503/);
  });

  test('interrupted in the third round: the rounds before it are told', async () => {
    const broker = await new Broker('socketio', { join: (self) => self.connections > 24 }).start();
    const run = new Load(broker.url, [...STORM, '--rounds', '3']);
    await waitFor(() => broker.connections > 24, 'the third round has begun');
    run.program.kill('SIGINT');
    const result = await run.end();
    broker.stop();
    assertCounters(result, {}, 0);
    assert.equal(result.report.interrupted, true);
    assert.equal(result.report.steps.length, 2);
    assert.match(result.stdout, /^round 2 of 3:$/m);
    assert.match(result.stdout, /^interrupted: 2 of 3 rounds were done$/m);
    assert.match(result.stdout, / while connecting$/m);
  });

  test('a member is disconnected while others connect', async () => {
    let done = false;
    const result = await run('socketio', {
      join(broker, peer) {
        if (!done) setTimeout(() => peer.close(1011, 'oops'), 20);
        done = true;
      },
    }, [...STORM, '--connect-rate', '40', '--rounds', '1']);
    assert.equal(result.code, 1);
    assert.equal(result.report.disconnected, 1);
    assert.equal(result.report.reconnects, 1);
    assert.equal(result.report.joined, 12);
  });

  test('nobody can connect: it gives up', async () => {
    const { code, stderr } = await run('socketio', { server: { verifyClient: () => false } },
      [...STORM, '--connect-timeout', '0.3']);
    assert.equal(code, 1);
    assert.match(stderr, /FAILED: no further client could join for 0\.4 s: 0 of 12 have joined/);
  });
});

describe('slow', { concurrency: 2 }, () => {
  const SLOW = ['--scenario', 'slow', '--connections', '11', '--rooms', '1', '--publishers', '1', '--rate', '200', '--size',
    '50000', '--duration', '1', '--stalled', '0.2', '--drain-timeout', '10', '--processes', '2'];
  const full = (broker) => [...broker.server.clients].filter((peer) => peer.bufferedAmount > 1_000_000);
  const at = (sequence, act) => ({ deliver: (broker, member, room, text, { s }) => s >= sequence && act(broker, member, s) });

  test('exactly the share that stalls is not read, and the others get everything', async () => {
    const seen = [];
    const result = await run('socketio', {
      answer(broker, peer, id, { s }) {
        if (s === 199) seen.push(full(broker), [...broker.server.clients].filter((one) => one.bufferedAmount === 0));
      },
    }, SLOW);
    assertCounters(result, {}, 0);
    assert.equal(seen[0].length, 2);
    assert.equal(result.report.stalled, 2);
    assert.equal(result.report.stalled_cut, 0);
    assert.equal(result.report.stale, 0, 'what they read once they are awake is not counted');
    assert.equal(result.report.delivered, 200 * 9);
    assert.match(result.stdout, /^stalled +2 readers, 0 of them were disconnected by the server$/m);
  });

  for (const how of ['terminate', 'close']) test(`a server that disconnects them (${how})`, async () => {
    const result = await run('socketio', at(150, (broker) => {
      for (const peer of full(broker)) {
        broker.leave(peer);
        peer[how]();
      }
    }), SLOW);
    assertCounters(result, {}, 0);
    assert.equal(result.report.stalled_cut, 2);
    assert.equal(result.report.delivered, 200 * 9);
    assert.equal(result.report.joined, 9);
  });

  test('a server that lets the others suffer', async () => {
    const result = await run('socketio', at(100, (broker, member, s) => s < 110 && full(broker).length > 0
      && member.bufferedAmount < 1_000_000), SLOW);
    assert.equal(result.code, 1);
    assert.ok(result.report.lost > 0 && result.report.lost <= 90, result.said);
    assert.equal(result.report.delivered + result.report.lost, 200 * 9);
  });
});

describe('idle', { concurrency: 2 }, () => {
  for (const dialect of ['socketio', 'json']) test(`heartbeats are answered and counted: ${dialect}`, async () => {
    let pings = 0;
    const timers = [];
    const { code, report, broker, said } = await run(dialect, {
      join(self, peer) {
        timers.push(setInterval(() => {
          if (peer.readyState !== peer.OPEN) return;
          self.dialect.ping(peer);
          pings++;
        }, 100));
      },
    }, ['--scenario', 'idle', '--rate', '0', '--publishers', '0', '--duration', '1', '--processes', '2']);
    timers.forEach(clearInterval);
    assert.equal(code, 0, said);
    assert.ok(report.heartbeats >= 12 * 5, `${report.heartbeats}`);
    assert.ok(report.heartbeats <= pings && broker.pongs <= pings, `${report.heartbeats} of ${pings}`);
    assert.ok(Math.abs(broker.pongs - report.heartbeats) <= 12 * 4);
    assert.equal(report.published, 0);
  });
});

describe('options that contradict each other', () => {
  for (const [options, message] of [
    [['--stalled', '0.1'], /option --stalled: has no effect here \(scenario broadcast, dialect socketio\), it needs --scenario slow$/m],
    [['--typing', '1'], /option --typing: .* it needs --scenario chat$/m],
    [['--command-at', '0.1'], /option --command-at: .* it needs a --command$/m],
    [['--publish-path', '/x'], /option --publish-path: .* it needs --dialect sse$/m],
    [['--search', '--rounds', '2'], /option --rounds: .* it needs a run without --search$/m],
    [['--search', '--scenario', 'slow'], /option --search: .* it needs --scenario broadcast, rooms or chat$/m],
    [['--max-p99', '5', '--rate', '0', '--publishers', '0'],
      /option --max-p99: .* it needs --publishers and a --rate above 0$/m],
    [['--burst', '61'], /option --burst: expected at most --rate times --duration \(60\), got 61/],
    [['--scenario', 'chat', '--publish-args', '[{message}]'], /option --typing: needs \{event\} in --publish-args/],
    [['--scenario', 'chat', '--dialect', 'raw'],
      /scenario chat: clients leave .*, which dialect raw cannot: it needs --dialect socketio, polling or json$/m],
    [['--scenario', 'chat', '--dialect', 'sse', '--churn', '0'], /option --churn: has no effect here \(scenario chat, dialect sse\)/],
    [['--scenario', 'chat', '--dialect', 'sse'], /scenario chat: clients leave .*, which dialect sse cannot/],
    [['--html', '-', '--json', '-'], /options --json and --html: expected different files, got "-" for both/],
    [['--command', 'true', '--command-at', '0.4'], /option --command-at: expected less than .* \(0\.4 s\), got 0\.4/],
    [['--scenario', 'failover'], /scenario failover: needs a --command/],
    [['--rate', '0'], /option --publishers: .* it needs a --rate above 0$/m],
    [['--search', '--rate', '0', '--publishers', '0'], /option --search: .* it needs --publishers and a --rate above 0$/m],
  ]) test(options.join(' '), async () => {
    const { code, stderr } = await load('http://127.0.0.1:1', options);
    assert.equal(code, 2);
    assert.match(stderr, message);
  });
});
