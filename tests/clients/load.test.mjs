// SPDX-License-Identifier: Apache-2.0
// roomcast-load against servers that do one thing wrong: each fault is found, counted under its own name, and makes the
// exit status 1; a server that does nothing wrong makes it 0. All that in one load process, and with publishers and
// subscribers in different ones.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSilent } from 'node:net';
import { tmpdir } from 'node:os';
import { assertCounters, Broker, dialects, load, Load, LOAD, once5, run } from '../lib/broker.mjs';
import { Process } from '../lib/process.mjs';

/* Most of the time they wait: several at a time. */
const concurrency = 4;

for (const dialect of Object.keys(dialects)) for (const processes of ['1', '3']) describe(
  `${dialect}, load processes: ${processes}`, { concurrency }, () => {
    const go = (faults, options = []) => run(dialect, faults, ['--processes', processes, ...options]);
    const expectCounters = async (faults, expected, status = 1) => {
      const result = await go(faults);
      assertCounters(result, expected, status);
      return result;
    };

    test('a server that does nothing wrong', async () => {
      const { report, stdout, stderr, broker } = await expectCounters({}, {}, 0);
      assert.equal(report.published, 60);
      assert.equal(report.acknowledged, 60);
      assert.equal(report.delivered, 240);
      assert.equal(broker.deliveries, 240);
      assert.equal(report.latency_us.count, 240);
      assert.equal(report.joined, 12);
      assert.equal(report.due, 60);
      assert.ok(report.messages_per_second > 100 && report.messages_per_second <= 150, `${report.messages_per_second}`);
      assert.match(stdout, /^published +60 of 60 due \(1\d\d\.\d\/s for 0\.[45]\d s\), acknowledged 60, refused 0$/m);
      assert.match(stdout, /^delivered +240 of 240 \(\d{3}\/s for 0\.[45]\d s, /m);
      const near = (rate, count) => assert.ok(Math.abs(rate / count - 1) < 0.001, `${rate}, ${count}`);
      near(report.messages_per_second * report.sent_seconds, 60);
      near(report.deliveries_per_second * report.measured_seconds, 240);
      assert.ok(report.sent_seconds >= 0.4 && report.measured_seconds >= 0.4);
      assert.ok(report.latency_us.p50 <= report.latency_us.max);
      assert.match(stdout, /^ok: every subscriber got every accepted message once and in order$/m);
      assert.match(stderr, /publishing +connected 12\/12 .* lost 0  p99 .* outstanding \d+ /);
    });

    test('one message does not reach one member', () => expectCounters(
      { deliver: once5(() => true) }, { lost: 1 }));

    test('the last message does not reach one member', () => expectCounters(
      { deliver: (broker, member, room, text, { p, s }) => p === 2 && s === 19 && member === broker.rooms.get(room)[1] },
      { lost: 1 }));

    test('nothing reaches one member', () => expectCounters(
      { deliver: (broker, member) => member === broker.rooms.get('room-0')[2] }, { lost: 20 }));

    test('one message comes twice', () => expectCounters(
      { deliver: once5((broker, member, room, text) => member.send(text)) }, { duplicated: 1 }));

    test('the last message comes twice, later', () => expectCounters({
      deliver(broker, member, room, text, { p, s }) {
        if (p === 2 && s === 19 && member === broker.rooms.get(room)[3]) setTimeout(() => member.send(text), 130);
      },
    }, { duplicated: 1 }));

    test('two messages are swapped', () => {
      let held;
      return expectCounters({
        deliver(broker, member, room, text, { p, s }) {
          if (p !== 0 || member !== broker.rooms.get(room)[0]) return false;
          if (s === 5) held = text;
          if (s === 6) member.send(text);
          if (s === 6) member.send(held);
          return s === 5 || s === 6;
        },
      }, { out_of_order: 1 });
    });

    test('a message also reaches a member of another room', () => expectCounters({
      deliver: once5((broker, member, room, text) => {
        broker.stranger(room).send(text);
      }),
    }, { wrong_room: 1 }));

    test('a message reaches somebody else instead', () => expectCounters({
      deliver: once5((broker, member, room, text) => {
        broker.stranger(room).send(text);
        return true;
      }),
    }, { wrong_room: 1, lost: 1 }));

    test('a message is mangled', () => expectCounters({
      deliver: once5((broker, member, room, text) => {
        member.send(text.replace('xxx', 'xyx'));
        return true;
      }),
    }, { unexpected: 1, lost: 1 }));

    test('a message of another run arrives', () => expectCounters({
      deliver: once5((broker, member, room, text, value) => {
        member.send(text.replace(String(value.t), String(value.t - 1)));
      }),
    }, { unexpected: 1 }));

    test('a member is disconnected', async () => {
      const { code, report, stdout, stderr } = await go(
        { deliver: once5((broker, _, room) => broker.dismiss(broker.member(room, false))) });
      assert.equal(code, 1);
      assert.equal(report.disconnected, 1);
      assert.ok(report.missed >= 1);
      assert.equal(report.joined, 11);
      for (const name of ['lost', 'duplicated', 'out_of_order', 'unanswered', 'unsent']) assert.equal(report[name], 0);
      assert.match(stdout, /FAILED: disconnected 1:/);
      assert.match(stderr, /in room-1 was disconnected: the server closed the WebSocket, code 1008, too slow/);
    });

    test('a publisher is disconnected', async () => {
      const { code, report, stdout } = await go(
        { deliver: once5((broker, _, room) => broker.dismiss(broker.member(room, true))) });
      assert.equal(code, 1);
      assert.equal(report.disconnected, 1);
      assert.ok(report.unsent >= 10 && report.unsent <= 14);
      assert.equal(report.due, 60);
      assert.equal(report.published + report.unsent, 60);
      assert.equal(report.acknowledged + report.unanswered, report.published);
      assert.equal(report.lag_us.count, report.published);
      assert.equal(report.timeline.reduce((sum, { published }) => sum + published, 0), report.published);
      assert.match(stdout, new RegExp(`^published +${report.published} of 60 due `, 'm'));
      for (const name of ['lost', 'duplicated', 'out_of_order', 'wrong_room']) assert.equal(report[name], 0);
    });

    test('a publisher is disconnected before it is answered: nobody waits for that', async () => {
      const begun = Date.now();
      const { code, report } = await go({
        publish: (broker, peer, id, { p, s }) => p === 1 && s >= 5,
        deliver: (broker, member, room, text, { p, s }) => {
          const publisher = broker.publishers.get('room-1');
          if (p === 2 && s === 10 && !publisher.dismissed) broker.dismiss(publisher);
        },
      }, ['--drain-timeout', '30']);
      assert.equal(code, 1);
      assert.ok(report.unanswered >= 3);
      assert.equal(report.lost, 0);
      assert.ok(Date.now() - begun < 15_000);
    });

    test('a publication is never answered', () => expectCounters(
      { answer: (broker, peer, id, { p, s }) => p === 1 && s === 5 }, { unanswered: 1 }));

    test('a publication is neither answered nor delivered: that is one fault, not many', () => expectCounters(
      { publish: (broker, peer, id, { p, s }) => p === 1 && s === 5 }, { unanswered: 1 }));

    test('no publication is ever answered', async () => {
      const { stdout } = await expectCounters({ answer: () => true }, { unanswered: 60 });
      assert.match(stdout, /FAILED: not one publication was accepted/);
    });

    test('a publication is answered twice', () => expectCounters({
      answer(broker, peer, id, { p, s }) {
        if (p === 1 && s === 5) peer.send(broker.dialect.ack(id, { ok: true }));
      },
    }, { unexpected: 1 }));

    test('a refused publication is owed to nobody', async () => {
      const { report, stdout } = await expectCounters({
        publish(broker, peer, id, { p, s }) {
          if (p === 1 && s === 5) peer.send(broker.dialect.refuse(id));
          return p === 1 && s === 5;
        },
      }, {}, 0);
      assert.equal(report.refused, 1);
      assert.equal(report.acknowledged, 59);
      assert.equal(report.delivered, 236);
      assert.match(stdout, /unavailable/);
    });

    test('all publications are refused', async () => {
      const { report } = await expectCounters({
        publish(broker, peer, id) {
          peer.send(broker.dialect.refuse(id));
          return true;
        },
      }, {});
      assert.equal(report.refused, 60);
    });

    test('pings are answered', async () => {
      const { broker } = await expectCounters({
        deliver: once5((self) => {
          for (const peer of self.server.clients) self.dialect.ping(peer);
        }),
      }, {}, 0);
      assert.equal(broker.pongs, 12);
    });

    test('a join is not answered', async () => {
      const { code, stderr, report } = await go({ join: () => true }, ['--connect-timeout', '0.2']);
      assert.equal(code, 1);
      assert.match(stderr, /cannot open connection \d+ of 12, .*: timed out waiting for the answer to the join/);
      assert.match(report.error, /timed out/);
    });

    test('a join is refused', async () => {
      const { code, stderr } = await go({
        join(broker, peer, id) {
          peer.send(broker.dialect.refuse(id));
          return true;
        },
      });
      assert.equal(code, 1);
      assert.match(stderr, /the join was refused: .*unavailable/);
    });
  });

test('connections are spread over all URLs', async () => {
  const brokers = [await new Broker('socketio').start(), await new Broker('socketio').start()];
  const { report } = await load(brokers[0].url, ['--url', brokers[1].url, '--rate', '0', '--publishers', '0']);
  for (const broker of brokers) {
    assert.deepEqual(broker.joins, { 'room-0': 2, 'room-1': 2, 'room-2': 2 });
    broker.stop();
  }
  assert.equal(report.joined, 12);
  assert.equal(report.published, 0);
});

test('nobody listens', async () => {
  const broker = await new Broker('socketio').start();
  broker.stop();
  await once(broker.server, 'close');
  const { code, stderr } = await load(broker.url);
  assert.equal(code, 1);
  assert.match(stderr, /cannot open connection 1 of 12, .*Connection refused/);
});

/* As when a server has no file left to accept with: the kernel has accepted for it. */
for (const [dialect, waited] of [['json', 'the WebSocket handshake'], ['sse', 'the event stream'], ['polling', 'the answer to the first poll']]) {
  test(`a server that does not say a word: ${dialect}`, async () => {
    const server = createSilent().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { code, stderr } = await load(`http://127.0.0.1:${server.address().port}`, ['--dialect', dialect, '--connect-timeout', '0.3']);
    server.close();
    assert.equal(code, 1);
    assert.ok(stderr.includes(`: timed out waiting for ${waited} (is the server at its limit of open files or connections?)`), stderr);
  });
}

test('the other side is a web server', async () => {
  const server = createServer((request, response) => response.writeHead(404).end('not here')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { code, stderr } = await load(`http://127.0.0.1:${server.address().port}`);
  server.close();
  assert.equal(code, 1);
  assert.match(stderr, /the server answered "HTTP\/1\.1 404 Not Found"/);
});

test('everybody is disconnected: it does not wait for the end', async () => {
  const broker = await new Broker('socketio', {
    deliver(self) {
      for (const peer of self.server.clients) peer.terminate();
      return true;
    },
  }).start();
  const begun = Date.now();
  const { code, report, stdout, stderr } = await load(broker.url, ['--duration', '60', '--processes', '3']);
  broker.stop();
  assert.equal(code, 1);
  assert.equal(report.disconnected, 12);
  assert.ok(Date.now() - begun < 10_000);
  assert.equal(stderr.match(/^roomcast-load: client \d+ in room-\d was disconnected: /mg).length, 5, stderr);
  assert.equal(stderr.match(/^roomcast-load: further disconnections are counted only$/mg).length, 1, stderr);
  assert.match(stdout, /^ended early: nobody was connected any more after \d\.\d s of 60 s of publishing$/m);
  assert.doesNotMatch(stdout, /that were due/);
});

test('--max-p99 is a threshold', async () => {
  const slow = {
    deliver(broker, member, room, text) {
      setTimeout(() => member.send(text), 150);
      return true;
    },
  };
  assertCounters(await run('socketio', slow, ['--max-p99', '60000']), {}, 0);
  const { code, report, stdout } = await run('socketio', slow, ['--max-p99', '100']);
  assert.equal(code, 1);
  assert.equal(report.ok, false);
  assert.match(stdout, /^FAILED: p99 of latency [\d.]+ m?s is above --max-p99 \(100 ms\)$/m);
});

test('another event than the one that messages come with', async () => {
  const { code, report, stdout } = await run('socketio', {}, ['--publish-args', '["{room}","said",{message}]']);
  assert.equal(code, 1);
  assert.equal(report.lost, 240);
  assert.match(stdout, /^hint: not one delivery arrived: is --message-event right\?$/m);
});

test('files that are to be written are tried before the run, and left as they are', async () => {
  const broker = await new Broker('socketio').start();
  const { code, stderr } = await load(broker.url, ['--html', '/no/such/folder/x.html']);
  assert.equal(code, 2);
  assert.match(stderr, /option --html: cannot write "\/no\/such\/folder\/x\.html": No such file/);
  assert.equal(broker.connections, 0);
  const run = new Load(broker.url, ['--duration', '60', '--html', `${tmpdir()}/roomcast-load-${process.pid}.html`]);
  await run.said(/ publishing /);
  assert.equal(existsSync(run.file), false);
  run.program.kill('SIGKILL');
  assert.equal((await run.end()).report, null);
  broker.stop();
});

test('large messages', async () => {
  const broker = await new Broker('socketio').start();
  const { code, report } = await load(broker.url, ['--size', '300000', '--rate', '15']);
  broker.stop();
  assert.equal(code, 0);
  assert.equal(report.delivered, 24);
});

const refusals = [
  [['--join-args', '[{room}]'], /option --join-args: expected \{room\} and \{event\} inside of quotes, got/],
  [['--publish-args', '["{room}"]'], /option --publish-args: expected \{message\} in it, once, got/],
  [['--path', '/{romm}'], /option --path: expected no other \{ in it than \{room\}, got/],
  [['--rate', 'fast'], /option --rate: expected a number from 0 to .*, got "fast"/],
  [['--frobnicate'], /unknown option "--frobnicate"/],
  [['--connections', '5', '--rooms', '6'], /option --rooms: expected at most --connections/],
  [['--url', 'https://127.0.0.1'], /option --url: "https:\/\/127\.0\.0\.1": TLS is not supported/],
  [['--url', 'http://192.0.2.1'], /neither a loopback nor a private address.*--i-own-this-target/],
  [['--url', 'http://no-such-host.invalid'], /cannot resolve host "no-such-host\.invalid"/],
  [['--json', '/no/such/folder/x.json', '--url', 'http://127.0.0.1:1'], /cannot write "\/no\/such\/folder\/x\.json": No such file/],
];

for (const [options, message] of refusals) {
  test(`refused: ${options.join(' ')}`, async () => {
    const program = new Process('roomcast-load', LOAD, options);
    const { code } = await program.exit();
    assert.equal(code, 2);
    assert.match(program.stderr, message);
  });
}

test('--help and --version', async () => {
  const help = new Process('roomcast-load', LOAD, ['--help']);
  assert.equal((await help.exit()).code, 0);
  for (const option of ['--url', '--dialect', '--drain-timeout', '--i-own-this-target', '--publish-args', 'polling', 'Examples:', 'Exit status:']) {
    assert.ok(help.stdout.includes(option), option);
  }
  const version = new Process('roomcast-load', LOAD, ['--version']);
  assert.equal((await version.exit()).code, 0);
  assert.match(version.stdout, /^roomcast-load \d+\.\d+\.\d+\n$/);
});
