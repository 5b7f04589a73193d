// SPDX-License-Identifier: Apache-2.0
// Engine.IO v4: the upgrade from polling to WebSocket, and every way in which it fails.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { EngineSocket, packets, Polling, Socket, wsUrl } from '../lib/engineio.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { testNamespaces } from '../lib/routes.mjs';
import { now, waitFor, within } from '../lib/wait.mjs';

const UPGRADE_TIMEOUT = 400;
let base;

before(async () => {
  const settings = { upgrade_timeout_ms: UPGRADE_TIMEOUT };
  const gateway = await startGateway({ namespaces: testNamespaces, settings });
  base = gateway.base;
});
after(stopGateways);

async function session() {
  const polling = await Polling.open(base);
  await polling.connect();
  return polling;
}

const probeUrl = (polling) => wsUrl(polling.base ?? base, `&sid=${polling.sid}`);

async function probe(polling) {
  const socket = await Socket.open(probeUrl(polling));
  socket.send('2probe');
  assert.equal(await socket.next(), '3probe');
  return socket;
}

async function upgraded() {
  const polling = await session();
  const socket = await probe(polling);
  socket.send('5');
  return { polling, socket };
}

/* The WebSocket works as the session's transport. */
async function works(socket) {
  socket.send('421["quiet","ws"]');
  assert.equal(await socket.next(), '431["ws"]');
}

async function codeThree(polling) {
  const answer = await polling.get();
  assert.equal(answer.status, 400);
  assert.deepEqual(JSON.parse(answer.text), { code: 3, message: 'Bad request' });
}

/* Opens a WebSocket that must be refused or closed at once. */
async function refusedSocket(polling) {
  const socket = new Socket(probeUrl(polling));
  await within(socket.opened.then(() => socket.closed, () => {}), 5000, 'the WebSocket is refused or closed');
}

test('2probe, 3probe, 5: the session is on WebSocket, polling requests get code 3', async () => {
  const { polling, socket } = await upgraded();
  await works(socket);
  await codeThree(polling);
  const post = await polling.post('421["quiet"]');
  assert.equal(post.status, 400);
  assert.equal(JSON.parse(post.text).code, 3);
  await works(socket);
  await socket.close();
});

test('a poll right after 5 is already refused', async () => {
  for (let i = 0; i < 20; i++) {
    const polling = await session();
    const socket = await probe(polling);
    await new Promise((resolve) => socket.ws.send('5', resolve));
    await codeThree(polling);
    socket.terminate();
  }
});

test('a held poll is released with 6 while the WebSocket probes', async () => {
  const polling = await session();
  const poll = polling.hold();
  await polling.send('3');
  const socket = await probe(polling);
  const answer = await within(poll.answer, 2000, 'the held poll');
  assert.equal(answer.status, 200);
  assert.equal(answer.text, '6');
  socket.send('5');
  await works(socket);
  await socket.close();
});

test('a poll that starts during the probe is released within 200 ms', async () => {
  const polling = await session();
  const socket = await probe(polling);
  const start = now();
  const answer = await polling.get();
  assert.equal(answer.text, '6');
  assert.ok(now() - start < 300, `${now() - start} ms`);
  socket.send('5');
  await works(socket);
  await socket.close();
});

test('until 5 the session is still polling: posts are taken, answers go out through polls', async () => {
  const polling = await session();
  const socket = await probe(polling);
  await polling.send('421["quiet","during"]');
  const found = [];
  while (!found.includes('431["during"]')) found.push(...packets((await polling.get()).text));
  socket.send('5');
  await works(socket);
  await socket.close();
});

test('what is queued when 5 arrives goes out on the WebSocket, in order', async () => {
  const polling = await session();
  const socket = await probe(polling);
  await polling.send(...Array.from({ length: 50 }, (_, i) => `42${i}["quiet",${i}]`));
  socket.send('5');
  for (let i = 0; i < 50; i++) assert.equal(await socket.next(), `43${i}[${i}]`);
  await socket.close();
});

test('5 in the middle of a POST: its packets come first, and the others are served meanwhile', async () => {
  const gateway = await startGateway({ namespaces: testNamespaces, settings: { max_message_bytes: 10_000_000, upgrade_timeout_ms: 60_000 } });
  const polling = await Polling.open(gateway.base);
  await polling.connect();
  const socket = await probe(polling);
  const post = polling.post(`${'42["quiet"]\x1e'.repeat(200_000)}421["quiet","last"]`, { ms: 60_000 });
  await gateway.metricIs('events_received_total', '', (n) => n > 0);
  socket.send('5', '422["quiet","next"]');
  let others = 0;
  let over = false;
  const answers = Promise.all([socket.next(60_000), socket.next(60_000)]).finally(() => { over = true; });
  while (!over) {
    await gateway.ready();
    others++;
  }
  assert.deepEqual(await answers, ['431["last"]', '432["next"]']);
  assert.ok(others > 10, `${others} requests were answered while 200,000 packets were taken`);
  assert.equal((await post).text, 'ok');
  await works(socket);
  await socket.close();
});

test('a binary event may begin on polling and end on WebSocket', async () => {
  const polling = await session();
  const socket = await probe(polling);
  await polling.send('451-3["quiet",{"_placeholder":true,"num":0}]');
  socket.send('5', Buffer.from([7, 8]));
  assert.equal(await socket.next(), '461-3[{"_placeholder":true,"num":0}]');
  assert.deepEqual(await socket.next(), Buffer.from([7, 8]));
  await socket.close();
});

test('a poll that is still held when 5 arrives is answered', async () => {
  const polling = await session();
  const socket = await probe(polling);
  const first = await polling.get();
  assert.equal(first.text, '6');
  const poll = polling.hold();
  await polling.send('3');
  socket.send('5');
  const answer = await within(poll.answer, 2000, 'the poll');
  assert.ok(answer.text === '1' || answer.text === '6' || answer.status === 400, answer.text);
  await works(socket);
  await socket.close();
});

test('closing the WebSocket after an upgrade ends the session', async () => {
  const { polling, socket } = await upgraded();
  await works(socket);
  await socket.close();
  await polling.gone();
});

const WRONG_PROBES = ['2', '2prob', '2probes', '3probe', '40', '4hello', '', 'junk', '1', Buffer.from('2probe')];

for (const message of WRONG_PROBES) {
  const name = Buffer.isBuffer(message) ? 'binary 2probe' : `"${message}"`;
  test(`a WebSocket that begins with ${name} is closed, the session goes on polling`, async () => {
    const polling = await session();
    const socket = await Socket.open(probeUrl(polling));
    socket.send(message);
    await socket.end();
    await polling.alive();
    const second = await probe(polling);
    second.send('5');
    await works(second);
    await second.close();
  });
}

test('5 without a probe upgrades, or closes the WebSocket; the session lives in either case', async () => {
  const polling = await session();
  const socket = await Socket.open(probeUrl(polling));
  socket.send('5', '421["quiet","ws"]');
  const said = await within(Promise.race([socket.closed.then(() => 'closed'), socket.next()]), 5000, 'either');
  if (said === 'closed') await polling.alive();
  else assert.equal(said, '431["ws"]');
  socket.terminate();
});

test('something else than 5 after the probe closes the WebSocket, the session goes on polling', async () => {
  for (const message of ['4hello', '6', 'junk', '']) {
    const polling = await session();
    const socket = await probe(polling);
    socket.send(message);
    await socket.end();
    await polling.alive();
  }
});

test('a WebSocket that is lost while probing leaves the session on polling', async () => {
  const polling = await session();
  const socket = await probe(polling);
  socket.terminate();
  await polling.alive();
  await waitFor(async () => {
    const again = new Socket(probeUrl(polling));
    again.opened.then(() => again.send('2probe'), () => {});
    const said = await Promise.race([again.inbox.next(1000).catch(() => ''), again.closed.then(() => '')]);
    again.terminate();
    return said === '3probe';
  }, 'another probe is accepted');
  await polling.alive();
});

test('a WebSocket that is closed before it said anything leaves the session on polling', async () => {
  const polling = await session();
  const socket = await Socket.open(probeUrl(polling));
  await socket.close();
  await polling.alive();
});

for (const [what, begin] of [
  ['says nothing', (polling) => Socket.open(probeUrl(polling))],
  ['stops after the probe', (polling) => probe(polling)],
]) {
  test(`a WebSocket that ${what} is closed after upgrade_timeout_ms, the session goes on polling`, async () => {
    const polling = await session();
    const start = now();
    const socket = await begin(polling);
    await socket.end();
    const took = now() - start;
    assert.ok(took >= UPGRADE_TIMEOUT - 20 && took < UPGRADE_TIMEOUT + 400, `${took} ms`);
    await polling.alive();
  });
}

test('a second WebSocket while one is probing is refused, the first goes on', async () => {
  const polling = await session();
  const socket = await probe(polling);
  await refusedSocket(polling);
  socket.send('5');
  await works(socket);
  await socket.close();
});

test('a second WebSocket after the upgrade is refused, the first goes on', async () => {
  const { polling, socket } = await upgraded();
  await works(socket);
  await refusedSocket(polling);
  await works(socket);
  await socket.close();
});

test('a session that began on WebSocket cannot be upgraded', async () => {
  const socket = await EngineSocket.open(base);
  await socket.connect();
  await refusedSocket(socket);
  await socket.alive();
  await socket.close();
});

test('events keep their order across the upgrade, in both directions', async () => {
  const polling = await session();
  const sender = await EngineSocket.open(base);
  await sender.connect();
  await polling.send('421["join","order"]');
  await polling.receive();
  let sent = 0;
  const publish = (count) => {
    for (let i = 0; i < count; i++) sender.send(`42["publish","order","n",${sent++}]`);
  };
  const heard = [];
  const hear = (packet) => {
    const match = /^42\["n",(\d+)\]$/.exec(packet);
    if (match) heard.push(Number(match[1]));
  };
  publish(100);
  for (const packet of await polling.receive(50)) hear(packet);
  const socket = await probe(polling);
  publish(100);
  await sender.alive();
  packets((await polling.get()).text).forEach(hear);
  publish(50);
  socket.send('5');
  publish(50);
  while (heard.length < 300) hear(await socket.next());
  assert.deepEqual(heard, Array.from({ length: 300 }, (_, i) => i));
  await socket.close();
  await sender.close();
});
