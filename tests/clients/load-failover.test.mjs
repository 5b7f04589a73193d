// SPDX-License-Identifier: Apache-2.0
// roomcast-load --scenario failover: the --command cuts connections in mid-run, and what each client then missed is told
// from what was lost. The command is a signal to this process, in which the server is: one test at a time.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { assertCounters, Broker, load, run } from '../lib/broker.mjs';

const FAILOVER = ['--scenario', 'failover', '--connections', '12', '--rooms', '3', '--publishers', '3', '--rate', '150',
  '--duration', '2', '--command-at', '0.5', '--reconnect-delay', '0.3', '--command', `kill -USR2 ${process.pid}`];
const now = () => performance.now();

/* Runs it against a broker that, when the command strikes, cuts what cut(broker) lists: for each of them the broker then
   knows how many messages of its room it did not get until a client joins that room again, and how long that was. */
async function failover(cut, faults = {}, options = []) {
  const away = [], back = [];
  let broker;
  const strike = () => {
    for (const peer of cut(broker)) {
      away.push({ room: peer.room, since: now(), missed: 0, last: peer.last });
      broker.dismiss(peer, 'restart');
    }
  };
  process.once('SIGUSR2', strike);
  const result = await run('socketio', {
    ...faults,
    join(self, peer, id) {
      broker = self;
      const returned = away.findIndex(({ room }) => room === peer.room);
      if (returned < 0) return false;
      const client = away.splice(returned, 1)[0];
      client.away = now() - client.since;
      back.push(client);
      return faults.rejoin?.(self, peer, id, client) ?? false;
    },
    publish(self, peer, id, value) {
      for (const client of away) if (client.room === peer.room) client.missed++;
      return faults.publish?.(self, peer, id, value) ?? false;
    },
    deliver(self, member, room, text, value) {
      member.last = text;
      return faults.deliver?.(self, member, room, text, value) ?? false;
    },
  }, [...FAILOVER, ...options]).finally(() => process.removeListener('SIGUSR2', strike));
  const { report } = result;
  assert.deepEqual({ ended: report.command?.ended, status: report.command?.status }, { ended: true, status: 0 }, result.said);
  assert.ok(report.command.at >= 0.5);
  assert.equal(away.length, 0, 'all came back');
  assert.equal(report.reconnects, back.length);
  assert.equal(report.disconnected, back.length);
  assert.equal(report.joined, 12);
  return { ...result, back, missed: back.reduce((sum, client) => sum + client.missed, 0) };
}

/* One who only listens, of each room. */
const listeners = (broker) => [...broker.rooms.keys()].map((room) => broker.member(room, false));
const everybody = (broker) => [...broker.rooms.values()].flat();

for (const processes of ['1', '3']) {
  test(`what each client missed, and how long it was away; load processes: ${processes}`, async () => {
    const { code, report, back, missed, said, stdout } = await failover(listeners, {}, ['--processes', processes]);
    assert.equal(code, 0, said);
    assert.equal(report.disconnected, 3);
    assert.ok(missed >= 3, `${missed}`);
    assert.equal(report.missed, missed);
    assert.equal(report.missed_by.count, 3);
    assert.equal(report.missed_by.max, Math.max(...back.map((client) => client.missed)));
    assert.equal(report.missed_by.sum, missed);
    assert.equal(report.clients_cut, 3);
    assert.equal(report.lost_by.count, 0);
    const { p50, max } = report.missed_by;
    assert.match(stdout, new RegExp(`^missed +${missed} deliveries to 3 of 3 clients that were disconnected; each p50 ${p50}, max ${max}\\n`
      + ' +0 deliveries to 0 of 9 clients that stayed connected\\nlate ', 'm'));
    assert.equal(report.delivered, report.published * 4 - missed);
    for (const name of ['lost', 'duplicated', 'out_of_order', 'unexpected', 'unanswered', 'unsent']) assert.equal(report[name], 0);
    const longest = Math.max(...back.map((client) => client.away)) * 1000;
    assert.equal(report.outage_us.count, 3);
    assert.ok(report.outage_us.max >= 150_000 && Math.abs(report.outage_us.max - longest) < 300_000,
      `${report.outage_us.max} us, the server saw ${longest}`);
  });

  test(`everybody is cut, publishers too; load processes: ${processes}`, async () => {
    const { code, report, said } = await failover(everybody, {}, ['--processes', processes]);
    assert.equal(code, 0, said);
    assert.equal(report.disconnected, 12);
    assert.ok(report.unsent > 0);
    assert.equal(report.published + report.unsent, report.due);
    assert.equal(report.acknowledged + report.unanswered, report.published);
    assert.equal(report.delivered + report.missed, report.acknowledged * 4);
    assert.equal(report.lost, 0);
  });

  test(`lost is what did not come while it was connected; load processes: ${processes}`, async () => {
    const result = await failover(listeners, {
      deliver: (broker, member, room, text, { p, s }) => p === 1 && (s === 5 || s === 95) && member === broker.rooms.get(room)[0],
    }, ['--processes', processes]);
    assert.equal(result.code, 1);
    assert.equal(result.report.lost, 2, result.said);
    assert.equal(result.report.missed, result.missed);
    assert.match(result.stdout, /FAILED: lost 2:/);
  });

  test(`who lost something: a client that was cut, or one that stayed connected; load processes: ${processes}`, async () => {
    const { code, report, missed, stdout, said } = await failover(listeners, {
      deliver: (broker, member, room, text, { p, s }) => (p === 1 && (s === 5 || s === 95) && member === broker.publishers.get(room))
        || (p === 2 && s === 5 && member === broker.member(room, false)),
    }, ['--processes', processes]);
    assert.equal(code, 1, said);
    assert.equal(report.lost, 3, said);
    assert.equal(report.missed, missed);
    assert.deepEqual({ ...report.lost_by, buckets: null }, { ...report.lost_by, count: 1, sum: 2, p50: 2, max: 2, buckets: null });
    assert.equal(report.missed_by.count, 3);
    assert.equal(report.missed_by.sum, missed + 1);
    assert.match(stdout, /^ +2 deliveries to 1 of 9 clients that stayed connected; each p50 2, max 2$/m);
  });

  test(`who saw messages late, and how late; load processes: ${processes}`, async () => {
    const queue = [];
    let least = 0, most = 0;
    const { code, report, stdout, said } = await run('socketio', {
      deliver(broker, member, room, text, { p, s, t }) { // one listener gets nothing for 1.3 s, then all of it
        if (p !== 1 || s < 10 || s > 75 || member !== broker.member(room, false)) return false;
        queue.push({ text, due: t });
        if (s < 75) return true;
        const sent = Number(process.hrtime.bigint() / 1000n);
        for (const { text: held, due } of queue) {
          least += sent - due > 1_000_000;
          most += sent - due > 800_000;
          member.send(held);
        }
        return true;
      },
    }, [...FAILOVER, '--command', 'true', '--processes', processes]);
    assert.equal(code, 0, said);
    assert.ok(least > 5 && report.late >= least && report.late <= most, `${report.late}, the server saw ${least} to ${most}`);
    assert.equal(report.late_after_us, 1_000_000);
    assert.equal(report.late_by.count, 1);
    assert.equal(report.late_by.sum, report.late);
    const [, latest] = new RegExp(`^late +${report.late} deliveries to 1 of 12 clients, later than 1\\.00 s; each p50 \\d+, max ${report.late_by.max}; the latest ([\\d.]+) s$`, 'm').exec(stdout) ?? [null, said];
    assert.equal(latest, (report.latency_us.max / 1e6).toFixed(2));
  });
}

test('what comes again after reconnecting', async () => {
  const { code, report, said } = await failover(listeners, {
    rejoin(broker, peer, id, client) {
      broker.enter(peer);
      peer.send(broker.dialect.ack(id, { ok: true }));
      peer.send(client.last);
      return true;
    },
  });
  assert.equal(code, 1);
  assert.equal(report.duplicated, 3, said);
  assert.equal(report.lost, 0);
});

test('what comes before the answer to the join is not missed, and need not come', async () => {
  const result = await failover(listeners, {
    rejoin(broker, peer, id) {
      broker.enter(peer);
      setTimeout(() => peer.send(broker.dialect.ack(id, { ok: true })), 200);
      return true;
    },
  });
  assert.equal(result.code, 0, result.said);
  assert.equal(result.report.lost, 0);
  assert.equal(result.report.missed, result.missed);
});

test('what is published after the answer to the join must come', async () => {
  const { code, report, missed, said } = await failover(listeners, {
    rejoin(broker, peer, id, client) {
      peer.send(broker.dialect.ack(id, { ok: true }));
      client.unheard = true;
      setTimeout(() => broker.enter(peer), 300);
      return true;
    },
  });
  assert.equal(code, 1, said);
  assert.ok(report.lost >= 3, said);
  assert.ok(report.missed >= missed);
  assert.equal(report.delivered + report.lost + report.missed, report.published * 4);
});

/* One of these servers ends for good when the command strikes. Nobody publishes: they know nothing of each other. */
async function oneDies(count, options = []) {
  const brokers = [];
  for (let i = 0; i < count; i++) brokers.push(await new Broker('socketio').start());
  const die = () => brokers[0].stop();
  process.once('SIGUSR2', die);
  try {
    return { brokers, ...await load(brokers[0].url, [...brokers.slice(1).flatMap(({ url }) => ['--url', url]), ...FAILOVER,
      '--rate', '0', '--publishers', '0', ...options]) };
  } finally {
    process.removeListener('SIGUSR2', die);
    for (const broker of brokers.slice(1)) broker.stop();
  }
}

test('clients go to another server', async () => {
  const result = await oneDies(2, ['--drain-timeout', '20']);
  assertCounters({ ...result, report: { ...result.report, disconnected: 0, connect_failed: 0 } }, {}, 0);
  assert.equal(result.report.disconnected, 6);
  assert.equal(result.report.reconnects, 6);
  assert.equal(result.report.joined, 12);
  assert.equal(result.brokers[1].connections, 12);
  assert.match(result.stdout, /^ok: all clients that were cut came back$/m);
});

test('clients that find no server any more', async () => {
  const { code, report, stdout } = await oneDies(1);
  assert.equal(code, 1);
  assert.equal(report.ok, false);
  assert.equal(report.away, 12);
  assert.equal(report.joined, 0);
  assert.match(stdout, /^reconnected +0 of 12 that were cut$/m);
  assert.match(stdout, /^FAILED: away 12: clients that were cut, and were not back at the end$/m);
});

test('who comes back after the end of publishing is waited for', async () => {
  const { code, report, said } = await failover(listeners, {},
    ['--reconnect-delay', '1', '--command-at', '1.8', '--drain-timeout', '20']);
  assert.equal(code, 0, said);
  assert.equal(report.away, 0);
});

test('a command that disconnects nobody is told', async () => {
  const result = await run('socketio', {}, [...FAILOVER, '--command', 'true', '--duration', '0.8']);
  assertCounters(result, {}, 0);
  assert.match(result.stdout, /^reconnected +nobody was disconnected$/m);
});

test('a command that goes on is named', async () => {
  const { code, report, stdout } = await run('socketio', {},
    [...FAILOVER, '--command', 'exec sleep 60 >/dev/null 2>&1', '--duration', '0.8']);
  process.kill(report.command.pid);
  assert.equal(code, 0);
  assert.equal(report.command.ended, false);
  assert.match(stdout, new RegExp(`still running: process ${report.command.pid} goes on$`, 'm'));
});

test('a command that fails makes the run fail', async () => {
  const result = await run('socketio', {}, [...FAILOVER, '--command', 'exit 3', '--duration', '0.8']);
  assertCounters(result, {}, 1);
  assert.match(result.stdout, /^FAILED: the command ended with status 3$/m);
  assert.equal(result.report.command.status, 3);
  assert.match(result.stdout, /^command .* ended with status 3$/m);
  assert.match(result.stderr, /the command ended with status 3/);
});
