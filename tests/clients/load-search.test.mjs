// SPDX-License-Identifier: Apache-2.0
// roomcast-load --search against servers whose limit is known.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { assertCounters, run } from '../lib/broker.mjs';

const LIMIT = 230; /* messages per second */
const SEARCH = ['--search', '--rate', '60', '--duration', '0.6', '--drain-timeout', '0.5', '--max-p99', '3000',
  '--reconnect-delay', '0.1'];

/* Calls act(broker, member, text) for what is above the limit: messages of which too many were due within half a second.
   When they were due is exact, however busy this machine is. */
function aboveLimit(act) {
  const due = [];
  return {
    publish(broker, peer, id, { t }) {
      due.push(t);
      while (due[0] <= t - 500_000) due.shift();
      return false;
    },
    deliver: (broker, member, room, text) => due.length > LIMIT / 2 && act(broker, member, text),
  };
}

function assertFound({ code, report, stdout, said }) {
  assert.equal(code, 0, said);
  assert.ok(report.search.rate <= LIMIT * 1.01, said);
  assert.ok(report.search.rate >= LIMIT / 1.06, said);
  const { steps } = report;
  assert.equal(Math.max(...steps.filter(({ why }) => !why).map(({ rate }) => rate)), report.search.rate);
  assert.deepEqual(steps.slice(0, 4).map(({ rate }) => rate), [60, 120, 240, 240]); /* a failure is tried twice */
  const lowestFailed = Math.min(...steps.filter(({ why }) => why).map(({ rate }) => rate));
  assert.ok(lowestFailed / report.search.rate <= 1.05);
  assert.equal(report.rate, report.search.rate);
  assert.equal(report.lost + report.duplicated, 0);
  assert.match(stdout, /messages\/s .* is the highest rate that held/);
}

describe('the highest rate that holds', { concurrency: 3 }, () => {
  test('a server that drops what is above its limit', async () => {
    const result = await run('socketio', aboveLimit(() => true), SEARCH);
    assertFound(result);
    assert.match(result.report.steps[2].why, /^lost \d+$/);
    assert.match(result.stderr, /240 messages\/s: does not hold: lost/);
  });

  test('a server that delays what is above its limit', async () => {
    const later = aboveLimit((broker, member, text) => setTimeout(() => member.send(text), 400));
    const result = await run('json', later, [...SEARCH, '--dialect', 'json', '--max-p99', '350', '--processes', '2']);
    assertFound(result);
    assert.match(result.report.steps[2].why, /^(p99 \d|out_of_order)/);
  });

  test('a server that disconnects clients above its limit: they come back for the next step', async () => {
    const result = await run('socketio', aboveLimit((broker, member) => {
      broker.dismiss(member);
      return true;
    }), [...SEARCH, '--processes', '2']);
    assertFound(result);
    assert.equal(result.report.steps.at(-1).joined, 12);
    assert.ok(result.report.steps[2].disconnected > 0);
  });

  test('a command that fails makes it fail, whatever was found', async () => {
    const { code, report, stdout } = await run('socketio', aboveLimit(() => true), [...SEARCH, '--command', 'exit 3']);
    assert.equal(code, 1);
    assert.equal(report.ok, false);
    assert.ok(report.search.rate > 0);
    assert.doesNotMatch(stdout, /^ok/m);
    assert.match(stdout, /^FAILED: the command ended with status 3\n[\d.]+ messages\/s .* is the highest rate that held/m);
  });
});

test('a server that never holds', async () => {
  const { code, report, stdout } = await run('socketio', { deliver: () => true }, [...SEARCH, '--rate', '4']);
  assert.equal(code, 1);
  assert.equal(report.ok, false);
  assert.deepEqual(report.steps.map(({ rate }) => rate), [4, 4, 2, 2, 1, 1]);
  for (const { why, lost, published } of report.steps) {
    assert.equal(lost, published * 4);
    assert.equal(why, `lost ${lost}`);
  }
  assert.equal(report.search.rate, 0);
  assert.match(stdout, /^FAILED: no rate held$/m);
});

test('a step whose only message came in the warm-up has measured nothing: it does not hold', async () => {
  const { code, report, stdout, stderr } = await run('socketio', {},
    [...SEARCH, '--rate', '1', '--warmup', '0.2', '--duration', '0.4']);
  assert.equal(code, 1);
  assert.deepEqual(report.steps.map(({ rate, published, measured }) => [rate, published, measured]), [[1, 1, 0], [1, 1, 0]]);
  assert.equal(report.steps[0].why, 'no delivery was measured within --duration (0.4 s)');
  assert.match(stderr, /1 messages\/s: does not hold: no delivery was measured.* \(p99 -,/);
  assert.match(stdout, /^FAILED: no rate held$/m);
});

test('a server that refuses publications', async () => {
  const { code, report } = await run('socketio', {
    publish(broker, peer, id) {
      peer.send(broker.dialect.refuse(id));
      return true;
    },
  }, [...SEARCH, '--rate', '1']);
  assert.equal(code, 1);
  assert.match(report.steps[0].why, /^refused 1$/);
});

/* What is late comes in another step than it belongs to: it is no fault of that one. */
test('messages and answers of an earlier round', async () => {
  const late = [];
  const result = await run('socketio', {
    deliver(broker, member, room, text, { s }) {
      if (s === 0) late.push(() => member.send(text));
      if (s === 25) for (const send of late.splice(0)) send();
      return s === 0;
    },
    answer(broker, peer, id, { s }) {
      if (s === 1) late.push(() => peer.send(broker.dialect.ack(id, { ok: true })));
      return s === 1;
    },
  }, ['--rounds', '2', '--drain-timeout', '0.3']);
  const [first, second] = result.report.steps;
  assertCounters({ ...result, report: { ...first, ok: false }, code: 1 }, { lost: 12, unanswered: 3 });
  assert.equal(second.stale, 15);
  assert.equal(second.unexpected, 0);
});
