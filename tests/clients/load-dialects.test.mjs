// SPDX-License-Identifier: Apache-2.0
// roomcast-load against real servers in every dialect: Roomcast's gateway, also behind NGINX, and a Socket.IO server
// whose events have other names and arguments.
import { after, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { load } from '../lib/broker.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { Nginx, stopNginx } from '../lib/nginx.mjs';

/* Most of the time they wait: several at a time. */
const concurrency = 4;

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
        '--room-prefix', `storm ${dialect}/`, '--rate', '0', '--publishers', '0']);
      assert.equal(code, 0, stdout);
      assert.deepEqual(report.steps.map(({ joined }) => joined), [12, 12, 12]);
    });
  }

  // Every POST is answered: what --no-acks says is that the answers do not count.
  test('sse: no acks', () => expectAll(gateway.base, ['--dialect', 'sse', '--room-prefix', 'no acks', '--no-acks'], { acknowledged: 0 }));

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
