// SPDX-License-Identifier: Apache-2.0
// Engine.IO v4: heartbeats with small intervals, exact to the millisecond within what a busy machine allows.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Polling, Socket, wsUrl } from '../lib/engineio.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { fetchHttp } from '../lib/http.mjs';
import { testNamespaces } from '../lib/routes.mjs';
import { now, within } from '../lib/wait.mjs';

const INTERVAL = 300;
const TIMEOUT = 200;
/* Timers never fire early (a clock in whole milliseconds may round one off); late is what a busy machine and the time
 * of the handshake allow. */
const EARLY = 2;
const LATE = 80;
let base;

before(async () => {
  const settings = { ping_interval_ms: INTERVAL, ping_timeout_ms: TIMEOUT };
  const gateway = await startGateway({ namespaces: testNamespaces, settings });
  base = gateway.base;
});
after(stopGateways);

function about(took, expected) {
  assert.ok(took >= expected - EARLY && took <= expected + LATE, `${took.toFixed(1)} ms, expected ${expected}`);
}

/* A WebSocket session whose heartbeats nobody answers by himself. */
async function open() {
  const start = now();
  const socket = await Socket.open(wsUrl(base));
  socket.start = start;
  assert.equal((await socket.next())[0], '0');
  socket.send('40');
  assert.match(await socket.next(), /^40/);
  return socket;
}

/* The next heartbeat. */
const ping = (socket) => socket.inbox.find((message) => message === '2', 3000, 'a ping');

test('the handshake says the intervals', async () => {
  const polling = await Polling.open(base);
  assert.equal(polling.handshake.pingInterval, INTERVAL);
  assert.equal(polling.handshake.pingTimeout, TIMEOUT);
});

test('the first ping comes after the interval, the next an interval after each pong', async () => {
  const socket = await open();
  await ping(socket);
  about(now() - socket.start, INTERVAL);
  for (let i = 0; i < 3; i++) {
    const start = now();
    socket.send('3');
    await ping(socket);
    about(now() - start, INTERVAL);
  }
  socket.terminate();
});

test('a late pong moves the next ping', async () => {
  const socket = await open();
  await ping(socket);
  await new Promise((resolve) => setTimeout(resolve, TIMEOUT / 2));
  const start = now();
  socket.send('3');
  await ping(socket);
  about(now() - start, INTERVAL);
  socket.terminate();
});

test('without a pong the WebSocket is closed at interval + timeout', async () => {
  const socket = await open();
  await socket.end();
  about(now() - socket.start, INTERVAL + TIMEOUT);
});

test('only a pong counts: other traffic does not keep the session', async () => {
  const socket = await open();
  let id = 0;
  const chatter = setInterval(() => socket.send(`42${id++}["quiet"]`, '6'), 20);
  await socket.end();
  clearInterval(chatter);
  about(now() - socket.start, INTERVAL + TIMEOUT);
});

test('pings come on a busy connection too', async () => {
  const socket = await open();
  let id = 0;
  const chatter = setInterval(() => socket.send(`42${id++}["quiet"]`), 10);
  await ping(socket);
  clearInterval(chatter);
  about(now() - socket.start, INTERVAL);
  socket.terminate();
});

test('on polling the ping ends the held poll', async () => {
  const start = now();
  const polling = await Polling.open(base);
  const answer = await polling.get();
  about(now() - start, INTERVAL);
  assert.equal(answer.text, '2');
  const again = now();
  await polling.send('3');
  assert.equal((await polling.get()).text, '2');
  about(now() - again, INTERVAL);
});

test('on polling a missing pong ends the session at interval + timeout', async () => {
  const start = now();
  const polling = await Polling.open(base);
  assert.equal((await polling.get()).text, '2');
  const last = await polling.get();
  about(now() - start, INTERVAL + TIMEOUT);
  if (last.status === 200) assert.match(last.text, /(^|\x1e)1$/);
  else assert.equal(last.status, 400);
  await polling.gone();
});

test('on polling the timeout runs while nobody polls', async () => {
  const polling = await Polling.open(base);
  await new Promise((resolve) => setTimeout(resolve, INTERVAL + TIMEOUT + LATE));
  await polling.gone();
});

test('the ping that waited for a poll can still be answered in time', async () => {
  const polling = await Polling.open(base);
  await new Promise((resolve) => setTimeout(resolve, INTERVAL + TIMEOUT / 4));
  assert.equal((await polling.get()).text, '2');
  await polling.send('3');
  assert.equal((await polling.get()).text, '2');
});

test('a hundred sessions get their pings on time, and die on time', async () => {
  const sockets = await Promise.all(Array.from({ length: 100 }, open));
  await within(Promise.all(sockets.map(async (socket) => {
    await ping(socket);
    const took = now() - socket.start;
    assert.ok(took >= INTERVAL - EARLY && took < INTERVAL + 3 * LATE, `${took} ms`);
  })), 3000, 'all pings');
  await within(Promise.all(sockets.map((socket) => socket.end())), 3000, 'all closes');
  const answer = await fetchHttp(`${base}/socket.io/?EIO=4&transport=polling`);
  assert.equal(answer.status, 200);
});
