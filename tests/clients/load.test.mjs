// SPDX-License-Identifier: Apache-2.0
// roomcast-load against servers that do one thing wrong: each fault is found, counted under its own name, and makes the
// exit status 1; a server that does nothing wrong makes it 0. Then against real servers in every dialect.
// ROOMCAST_LOAD names the program.
import { after, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server } from 'socket.io';
import { WebSocketServer } from 'ws';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { Nginx, stopNginx } from '../lib/nginx.mjs';
import { Process, temporaryFolder } from '../lib/process.mjs';

const LOAD = process.env.ROOMCAST_LOAD;
const folder = temporaryFolder('load');
const FAULTS = ['lost', 'duplicated', 'out_of_order', 'wrong_room', 'unexpected', 'disconnected', 'missed',
  'unanswered', 'unsent'];
let reports = 0;

/* How each dialect looks from the server. */
const dialects = {
  socketio: {
    greet: (peer) => peer.send('0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'),
    hear(peer, text, broker) {
      if (text === '40') peer.send('40{"sid":"x"}');
      if (text === '3') broker.pongs++;
      const event = /^42(\d+)(\[.*\])$/.exec(text);
      if (event) broker.event(peer, Number(event[1]), JSON.parse(event[2]));
    },
    ping: (peer) => peer.send('2'),
    ack: (id, answer) => `43${id}[${JSON.stringify(answer)}]`,
    refuse: (id) => `43${id}[{"error":{"code":"unavailable"}}]`,
    message: (room, event, value) => `42${JSON.stringify([event, value])}`,
  },
  json: {
    greet(peer, broker) {
      peer.on('pong', () => broker.pongs++);
      peer.send('{"event":"$welcome","args":[{"id":"x","node":"n"}]}');
    },
    hear(peer, text, broker) {
      const { event, args, ack } = JSON.parse(text);
      broker.event(peer, ack, [event, ...args]);
    },
    ping: (peer) => peer.ping(),
    ack: (id, answer) => JSON.stringify({ ack: id, args: [answer] }),
    refuse: (id) => JSON.stringify({ ack: id, error: { code: 'unavailable', message: 'down' } }),
    message: (room, event, value) => JSON.stringify({ event, args: [value], room }),
  },
};

/* A small broker. What it does with each delivery (broker, member, room, text, value) and each answer can be replaced
   by a fault; the default of both is to send. `hit` is true once, for one delivery in the middle. */
class Broker {
  constructor(dialect, faults = {}) {
    Object.assign(this, { dialect: dialects[dialect], name: dialect, rooms: new Map(), publishers: new Map(), deliveries: 0, published: 0,
      pongs: 0, faults });
  }

  async start() {
    this.server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    this.server.on('connection', (peer) => {
      peer.on('message', (data) => this.dialect.hear(peer, data.toString(), this));
      peer.on('error', () => {});
      this.dialect.greet(peer, this);
    });
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  stop() {
    for (const peer of this.server.clients) peer.terminate();
    this.server.close();
  }

  event(peer, id, [name, room, event, value]) {
    if (name === 'join') {
      if (this.faults.join) return this.faults.join(this, peer, id);
      if (!this.rooms.has(room)) this.rooms.set(room, []);
      this.rooms.get(room).push(peer);
      return peer.send(this.dialect.ack(id, { ok: true }));
    }
    assert.equal(name, 'publish');
    this.published++;
    this.publishers.set(room, peer);
    if (this.faults.publish?.(this, peer, id, value)) return undefined;
    const text = this.dialect.message(room, event, value);
    for (const member of this.rooms.get(room)) {
      this.deliveries++;
      if (!this.faults.deliver?.(this, member, room, text, value)) member.send(text);
    }
    if (!this.faults.answer?.(this, peer, id, value)) peer.send(this.dialect.ack(id, { ok: true }));
    return undefined;
  }

  /* Some member of another room. */
  stranger(room) {
    return [...this.rooms].find(([name]) => name !== room)[1][0];
  }
}

const OPTIONS = ['--connections', '12', '--rooms', '3', '--publishers', '3', '--rate', '150', '--duration', '0.4',
  '--drain-timeout', '1', '--interval', '0.1'];

/* Runs the program to its end: its status, what it printed, and its report. */
async function load(url, options = [], { interruptAfter } = {}) {
  const file = join(folder, `report-${++reports}.json`);
  const program = new Process('roomcast-load', LOAD, ['--url', url, ...OPTIONS, '--json', file, ...options]);
  if (interruptAfter) setTimeout(() => program.kill('SIGINT'), interruptAfter);
  const { code, error } = await program.exit();
  if (error) throw error;
  let report = null;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch (problem) {
    if (problem.code !== 'ENOENT') throw problem;
  }
  return { code, stdout: program.stdout, stderr: program.stderr, report };
}

/* The run against a broker with these faults: exactly the expected counters are not 0. */
async function expectCounters(dialect, faults, expected, status = 1) {
  const broker = await new Broker(dialect, faults).start();
  try {
    const result = await load(broker.url, ['--dialect', dialect]);
    const found = Object.fromEntries(FAULTS.filter((name) => result.report?.[name] > 0)
      .map((name) => [name, result.report[name]]));
    assert.deepEqual(found, expected, result.stdout + result.stderr);
    assert.equal(result.code, status, result.stdout + result.stderr);
    assert.equal(result.report.ok, status === 0);
    for (const name of Object.keys(expected)) assert.match(result.stdout, new RegExp(`FAILED: ${name} `));
    return { broker, ...result };
  } finally {
    broker.stop();
  }
}

/* Closes a member's connection: the publisher's, or that of one who only listens. */
function dismiss(broker, room, publisher) {
  const member = broker.rooms.get(room).find((peer) => (peer === broker.publishers.get(room)) === publisher);
  member.close(1008, 'too slow');
}

/* A message in the middle of the run (sequence number 5 of publisher 1), at one of its receivers. */
const once5 = (act) => {
  let done = false;
  return (broker, member, room, text, value) => {
    if (done || value.p !== 1 || value.s !== 5) return false;
    done = true;
    return act(broker, member, room, text, value);
  };
};

/* Most of the time they wait: several at a time. */
const concurrency = 4;

for (const dialect of Object.keys(dialects)) describe(dialect, { concurrency }, () => {
  test('a server that does nothing wrong', async () => {
    const { report, stdout, stderr, broker } = await expectCounters(dialect, {}, {}, 0);
    assert.equal(report.published, 60);
    assert.equal(report.acknowledged, 60);
    assert.equal(report.delivered, 240);
    assert.equal(broker.deliveries, 240);
    assert.equal(report.latency_us.count, 240);
    assert.equal(report.joined, 12);
    assert.ok(report.latency_us.p50 <= report.latency_us.max);
    assert.match(stdout, /^ok: every subscriber got every accepted message once and in order$/m);
    assert.match(stderr, /publishing +connected 12\/12 .* lost 0  p99 .* outstanding \d+ /);
  });

  test('one message does not reach one member', () => expectCounters(dialect,
    { deliver: once5(() => true) }, { lost: 1 }));

  test('the last message does not reach one member', () => expectCounters(dialect,
    { deliver: (broker, member, room, text, { p, s }) => p === 2 && s === 19 && member === broker.rooms.get(room)[1] },
    { lost: 1 }));

  test('nothing reaches one member', () => expectCounters(dialect,
    { deliver: (broker, member) => member === broker.rooms.get('room-0')[2] }, { lost: 20 }));

  test('one message comes twice', () => expectCounters(dialect,
    { deliver: once5((broker, member, room, text) => member.send(text)) }, { duplicated: 1 }));

  test('the last message comes twice, later', () => expectCounters(dialect, {
    deliver(broker, member, room, text, { p, s }) {
      if (p === 2 && s === 19 && member === broker.rooms.get(room)[3]) setTimeout(() => member.send(text), 50);
    },
  }, { duplicated: 1 }));

  test('two messages are swapped', () => {
    let held;
    return expectCounters(dialect, {
      deliver(broker, member, room, text, { p, s }) {
        if (p !== 0 || member !== broker.rooms.get(room)[0]) return false;
        if (s === 5) held = text;
        if (s === 6) member.send(text);
        if (s === 6) member.send(held);
        return s === 5 || s === 6;
      },
    }, { out_of_order: 1 });
  });

  test('a message also reaches a member of another room', () => expectCounters(dialect, {
    deliver: once5((broker, member, room, text) => {
      broker.stranger(room).send(text);
    }),
  }, { wrong_room: 1 }));

  test('a message reaches somebody else instead', () => expectCounters(dialect, {
    deliver: once5((broker, member, room, text) => {
      broker.stranger(room).send(text);
      return true;
    }),
  }, { wrong_room: 1, lost: 1 }));

  test('a message is mangled', () => expectCounters(dialect, {
    deliver: once5((broker, member, room, text) => {
      member.send(text.replace('xxx', 'xyx'));
      return true;
    }),
  }, { unexpected: 1, lost: 1 }));

  test('a message of another run arrives', () => expectCounters(dialect, {
    deliver: once5((broker, member, room, text, value) => {
      member.send(text.replace(String(value.t), String(value.t - 1)));
    }),
  }, { unexpected: 1 }));

  test('a member is disconnected', async () => {
    const broker = await new Broker(dialect, { deliver: once5((self, _, room) => dismiss(self, room, false)) }).start();
    const { code, report, stdout, stderr } = await load(broker.url, ['--dialect', dialect]);
    broker.stop();
    assert.equal(code, 1);
    assert.equal(report.disconnected, 1);
    assert.ok(report.missed >= 1);
    assert.equal(report.joined, 11);
    for (const name of ['lost', 'duplicated', 'out_of_order', 'unanswered', 'unsent']) assert.equal(report[name], 0);
    assert.match(stdout, /FAILED: disconnected 1:/);
    assert.match(stderr, /in room-1 was disconnected: the server closed the WebSocket, code 1008, too slow/);
  });

  test('a publisher is disconnected', async () => {
    const broker = await new Broker(dialect, { deliver: once5((self, _, room) => dismiss(self, room, true)) }).start();
    const { code, report } = await load(broker.url, ['--dialect', dialect]);
    broker.stop();
    assert.equal(code, 1);
    assert.equal(report.disconnected, 1);
    assert.ok(report.unsent >= 10 && report.unsent <= 14);
    assert.equal(report.published, 60);
    assert.equal(report.acknowledged + report.unanswered + report.unsent, 60);
    for (const name of ['lost', 'duplicated', 'out_of_order', 'wrong_room']) assert.equal(report[name], 0);
  });

  test('a publication is never answered', () => expectCounters(dialect,
    { answer: (broker, peer, id, { p, s }) => p === 1 && s === 5 }, { unanswered: 1 }));

  test('a publication is neither answered nor delivered: that is one fault, not many', () => expectCounters(dialect,
    { publish: (broker, peer, id, { p, s }) => p === 1 && s === 5 }, { unanswered: 1 }));

  test('no publication is ever answered', async () => {
    const { stdout } = await expectCounters(dialect, { answer: () => true }, { unanswered: 60 });
    assert.match(stdout, /FAILED: not one publication was accepted/);
  });

  test('a publication is answered twice', () => expectCounters(dialect, {
    answer(broker, peer, id, { p, s }) {
      if (p === 1 && s === 5) peer.send(broker.dialect.ack(id, { ok: true }));
    },
  }, { unexpected: 1 }));

  test('a refused publication is owed to nobody', async () => {
    const { report, stdout } = await expectCounters(dialect, {
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
    const { report } = await expectCounters(dialect, {
      publish(broker, peer, id) {
        peer.send(broker.dialect.refuse(id));
        return true;
      },
    }, {});
    assert.equal(report.refused, 60);
  });

  test('pings are answered', async () => {
    const { broker } = await expectCounters(dialect, {
      deliver: once5((self) => {
        for (const peer of self.server.clients) self.dialect.ping(peer);
      }),
    }, {}, 0);
    assert.equal(broker.pongs, 12);
  });

  test('a join is not answered', async () => {
    const broker = await new Broker(dialect, { join: () => {} }).start();
    const { code, stderr, report } = await load(broker.url, ['--dialect', dialect, '--connect-timeout', '0.2']);
    broker.stop();
    assert.equal(code, 1);
    assert.match(stderr, /cannot open connection \d+ of 12, .*: timed out waiting for the answer to the join/);
    assert.match(report.error, /timed out/);
  });

  test('a join is refused', async () => {
    const broker = await new Broker(dialect, { join: (self, peer, id) => peer.send(self.dialect.refuse(id)) }).start();
    const { code, stderr } = await load(broker.url, ['--dialect', dialect]);
    broker.stop();
    assert.equal(code, 1);
    assert.match(stderr, /the join was refused: .*unavailable/);
  });
});

test('connections are spread over all URLs', async () => {
  const brokers = [await new Broker('socketio').start(), await new Broker('socketio').start()];
  const { report } = await load(brokers[0].url, ['--url', brokers[1].url, '--rate', '0']);
  for (const broker of brokers) {
    assert.deepEqual([...broker.rooms.values()].map((members) => members.length), [2, 2, 2]);
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
  const { code, report, stderr } = await load(broker.url, ['--duration', '60']);
  broker.stop();
  assert.equal(code, 1);
  assert.equal(report.disconnected, 12);
  assert.ok(Date.now() - begun < 10_000);
  assert.match(stderr, /further disconnections are counted only/);
});

test('Ctrl-C ends it early, with the summary', async () => {
  const broker = await new Broker('socketio').start();
  const { code, report, stdout } = await load(broker.url, ['--duration', '60'], { interruptAfter: 700 });
  broker.stop();
  assert.equal(code, 0, stdout);
  assert.equal(report.interrupted, true);
  assert.equal(report.delivered, report.published * 4);
  assert.match(stdout, /^interrupted/m);
});

test('messages of the warm-up are verified but not measured', async () => {
  const broker = await new Broker('json').start();
  const { code, report } = await load(broker.url, ['--dialect', 'json', '--warmup', '0.2']);
  broker.stop();
  assert.equal(code, 0);
  assert.equal(report.delivered, 360);
  assert.equal(report.measured, 240);
  assert.equal(report.latency_us.count, 240);
});

test('large messages', async () => {
  const broker = await new Broker('socketio').start();
  const { code, report } = await load(broker.url, ['--size', '300000', '--rate', '15']);
  broker.stop();
  assert.equal(code, 0);
  assert.equal(report.delivered, 24);
});

describe('a real gateway', { concurrency }, async () => {
  after(stopNginx);
  after(stopGateways);
  const gateway = await startGateway({ settings: { ping_interval_ms: 150, ping_timeout_ms: 2000 } });

  async function expectAll(url, options, { acknowledged = 60 } = {}) {
    const { code, report, stdout, stderr } = await load(url, options);
    assert.equal(code, 0, stdout + stderr);
    assert.equal(report.joined, 12);
    assert.equal(report.published, 60);
    assert.equal(report.acknowledged, acknowledged);
    assert.equal(report.delivered, 240);
    return report;
  }

  for (const dialect of ['socketio', 'polling', 'json', 'raw', 'sse']) {
    const acknowledged = dialect === 'raw' ? 0 : 60;
    test(dialect, () => expectAll(gateway.base, ['--dialect', dialect, '--room-prefix', dialect], { acknowledged }));
    test(`${dialect}: large messages`, () => expectAll(gateway.base,
      ['--dialect', dialect, '--room-prefix', `large ${dialect}/`, '--size', '70000'], { acknowledged }));
    test(`${dialect}: all come back`, async () => {
      const { code, report, stdout } = await load(gateway.base, ['--dialect', dialect, '--scenario', 'storm', '--rounds', '3',
        '--room-prefix', `storm ${dialect}/`, '--publishers', '0']);
      assert.equal(code, 0, stdout);
      assert.deepEqual(report.steps.map(({ joined }) => joined), [12, 12, 12]);
    });
  }

  test('behind NGINX: polling and sse', async () => {
    const nginx = await Nginx.start([gateway]);
    await expectAll(nginx.base, ['--dialect', 'polling', '--room-prefix', 'nginx polling ']);
    await expectAll(nginx.base, ['--dialect', 'sse', '--room-prefix', 'nginx sse ']);
  });

  test('what the server refuses is named', async () => {
    for (const dialect of ['polling', 'sse']) {
      const { code, stderr } = await load(gateway.base, ['--dialect', dialect, '--path', '/nowhere']);
      assert.equal(code, 1);
      assert.match(stderr, /cannot open connection \d+ of 12, http:.*: GET \/nowhere: the server answered "HTTP\/1.1 404 Not Found": .*not_found/);
    }
    const { code, report, stderr, stdout } = await load(gateway.base, ['--dialect', 'sse', '--publish-path', '/rooms/~{room}']);
    assert.equal(code, 1);
    assert.equal(report.refused, 60, stderr);
    assert.match(stdout + stderr, /gone|no such client/);
  });

  test('a session that the server forgets', async () => {
    const short = await startGateway({ settings: { drain_timeout_ms: 0 } });
    const running = load(short.base, ['--dialect', 'polling', '--duration', '5']);
    await short.metricIs('connections', 'dialect="socketio",transport="polling"', 12);
    await short.stop();
    const { code, stderr } = await running;
    assert.equal(code, 1);
    assert.match(stderr, /(was disconnected|lost, while others were connecting, .*): (the server ended the conversation|GET|POST)/);
  });
});

const ownServers = [];
after(() => Promise.all(ownServers.map((io) => io.close())));

/* A Socket.IO server whose events have names and arguments of their own: its address. */
async function ownServer(options) {
  const http = createServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  const io = new Server(http, { pingInterval: 200, pingTimeout: 2000, ...options });
  ownServers.push(io);
  io.on('connection', (socket) => {
    if (socket.handshake.query.r) socket.join(socket.handshake.query.r);
    socket.on('enter', ([{ name }], ack) => {
      socket.join(name);
      ack();
    });
    socket.on('say', ({ to, text, as }, ack) => {
      io.to(to).emit(as, text, 'more');
      ack?.('fine');
    });
  });
  return `http://127.0.0.1:${http.address().port}`;
}

const OWN = ['--join-event', 'enter', '--join-args', '[[{"name":"{room}"}]]', '--publish-event', 'say',
  '--publish-args', '[{"to":"{room}","text":{message},"as":"{event}"}]', '--message-event', 'said "it"'];

for (const dialect of ['socketio', 'polling']) describe(`a Socket.IO server of its own: ${dialect}`, () => {
  test('templates', async () => {
    const url = await ownServer();
    const { code, report, stdout, stderr } = await load(url, ['--dialect', dialect, ...OWN]);
    assert.equal(code, 0, stdout + stderr);
    assert.equal(report.acknowledged, 60);
    assert.equal(report.delivered, 240);
  });

  test('no acks, and the room in the address', async () => {
    const url = await ownServer();
    const { code, report, stdout, stderr } = await load(url, ['--dialect', dialect, ...OWN, '--join-event', 'nothing',
      '--no-acks', '--path', '/socket.io/?r={room}', '--room-prefix', 'a room/ü&']);
    assert.equal(code, 0, stdout + stderr);
    assert.equal(report.acknowledged, 0);
    assert.equal(report.delivered, 240);
  });

  test('small payloads: a POST takes as much as the server allows', async () => {
    const url = await ownServer({ maxHttpBufferSize: 400 });
    const { code, report, stdout, stderr } = await load(url, ['--dialect', dialect, ...OWN, '--rate', '600']);
    assert.equal(code, 0, stdout + stderr);
    assert.equal(report.delivered, 960);
  });
});

test('compressed messages', async () => {
  const url = await ownServer({ perMessageDeflate: { threshold: 0 } });
  const plain = await load(url, [...OWN, '--size', '2000']);
  const deflated = await load(url, [...OWN, '--size', '2000', '--deflate']);
  for (const { code, report, stdout, stderr } of [plain, deflated]) {
    assert.equal(code, 0, stdout + stderr);
    assert.equal(report.delivered, 240);
  }
  assert.ok(deflated.report.bytes < plain.report.bytes / 4);
});

test('the server speaks something else', async () => {
  const server = createServer((request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  const polling = await load(url, ['--dialect', 'polling']);
  const sse = await load(url, ['--dialect', 'sse']);
  server.close();
  assert.match(polling.stderr, /GET \/socket\.io\/: the server answered with something else than an Engine\.IO open packet/);
  assert.match(sse.stderr, /GET \/sse: the server answered with something else than text\/event-stream/);
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
