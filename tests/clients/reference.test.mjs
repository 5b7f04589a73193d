// SPDX-License-Identifier: Apache-2.0
// roomcast-reference, the bare server that loadtest/compare measures against: it must be a correct one, or the
// comparison would mean nothing. ROOMCAST_REFERENCE names the program.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exchange } from '../lib/http.mjs';
import { WebSocket } from '../lib/packages.mjs';
import { Process } from '../lib/process.mjs';
import { frame, OP, RawSocket } from '../lib/rawsocket.mjs';
import { Inbox, waitFor, within } from '../lib/wait.mjs';

const program = process.env.ROOMCAST_REFERENCE
  ?? resolve(fileURLToPath(import.meta.url), '../../../build/asan/roomcast-reference');
const servers = [];
const clients = [];

async function start(...args) {
  const server = new Process('reference', program, ['--port', '0', ...args]);
  servers.push(server);
  const [, port] = await server.line(/^listening on 127\.0\.0\.1:(\d+)$/m);
  return { server, port: Number(port) };
}

/* ws checks the handshake, its random key included. */
async function enter(port, room) {
  const client = new WebSocket(`ws://127.0.0.1:${port}/raw/${room}`);
  clients.push(client);
  client.inbox = new Inbox(room);
  client.on('message', (data, binary) => client.inbox.push(binary ? data : data.toString()));
  await within(once(client, 'open'), 10_000, 'the reference accepts a connection');
  return client;
}

afterEach(() => clients.splice(0).forEach((client) => client.terminate()));
after(async () => {
  for (const server of servers) {
    assert.equal(server.status, null, server.stderr);
    server.kill('SIGTERM');
    await server.exit();
    assert.doesNotMatch(server.stderr, /Sanitizer|runtime error|Assertion/);
  }
});

describe('the reference server', () => {
  let port;
  before(async () => { ({ port } = await start()); });

  test('each message reaches every member of its room, the sender too, in order and nobody else', async () => {
    const [a, b, other] = [await enter(port, 'x'), await enter(port, 'x'), await enter(port, 'y')];
    const texts = Array.from({ length: 500 }, (_, i) => `message ${i} ${'-'.repeat(i)}`);
    for (const text of texts) a.send(text);
    other.send('own');
    assert.deepEqual(await a.inbox.take(500), texts);
    assert.deepEqual(await b.inbox.take(500), texts);
    assert.equal(await other.inbox.next(), 'own');
    assert.deepEqual([a, b, other].map((client) => client.inbox.rest), [[], [], []]);
  });

  test('any size, text and binary, whole and in fragments', async () => {
    const [a, b] = [await enter(port, 'sizes'), await enter(port, 'sizes')];
    for (const size of [0, 1, 125, 126, 65535, 65536, 300_000, 1_000_000]) {
      const data = Buffer.alloc(size, 'z');
      a.send(data);
      assert.ok(data.equals(await b.inbox.next()), `${size} bytes`);
    }
    a.send('é', { fin: false });
    a.send('€', { fin: false });
    a.send('!', { fin: true });
    assert.equal(await b.inbox.next(), 'é€!');
  });

  test('a room is found again after its last member left', async () => {
    for (let i = 0; i < 3; i++) {
      const [a, b] = [await enter(port, 'again'), await enter(port, 'again')];
      a.send(`round ${i}`);
      assert.equal(await b.inbox.next(), `round ${i}`);
      a.terminate();
      b.terminate();
    }
  });

  test('pings and close frames are answered', async () => {
    const client = await enter(port, 'control');
    client.ping('data');
    const [pong] = await within(once(client, 'pong'), 5000, 'a pong');
    assert.equal(pong.toString(), 'data');
    client.close(1000, 'bye');
    const [code] = await within(once(client, 'close'), 5000, 'the close handshake');
    assert.equal(code, 1000);
  });

  test('frames that come with the request are heard; one without a mask ends the connection', async () => {
    const request = 'GET /raw/early HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
      + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const answer = await exchange(port, Buffer.concat([Buffer.from(request), frame(OP.PING, 'a')]), 500);
    assert.match(answer, /^HTTP\/1\.1 101 .*\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n\x8a\x01a$/s);
    const socket = await RawSocket.open(port, '/raw/early');
    socket.send(OP.TEXT, 'not masked', { masked: false });
    assert.equal(await socket.closeCode(), 1006);
  });

  test('what is no WebSocket request is refused', async () => {
    assert.match(await exchange(port, 'GET /raw/x HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 400/);
  });

  test('a member that does not read holds up nobody, and is cut off in the end', async () => {
    const [slow, sender, quick] = [await RawSocket.open(port, '/raw/slow'), await enter(port, 'slow'), await enter(port, 'slow')];
    slow.pause();
    const data = Buffer.alloc(100_000, 's');
    let count = 0;
    await waitFor(async () => {
      sender.send(data);
      await quick.inbox.next();
      return ++count > 200;
    }, 'all messages arrive', 30_000, 0);
    slow.resume();
    assert.equal(await slow.closeCode(), 1006);
    assert.ok(slow.received < count * data.length);
  });
});

test('--source sends to everybody, in bursts', async () => {
  const { port } = await start('--source', '1000', '--burst', '10');
  const [a, b] = [await enter(port, 'x'), await enter(port, 'y')];
  for (const client of [a, b]) {
    for (const text of await client.inbox.take(50)) assert.equal(Buffer.byteLength(JSON.stringify(JSON.parse(text))), 64);
  }
});
