// SPDX-License-Identifier: Apache-2.0
// Promise 9: a gateway that gets SIGTERM hurts nobody. Not ready first, then its connections are closed at a pace, in
// the way that makes each client reconnect, then it exits with status 0. Publishers on other gateways notice nothing.
import { after, afterEach, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { startCluster, stopCluster } from '../lib/cluster.mjs';
import { Polling } from '../lib/engineio.mjs';
import { startGateway } from '../lib/gateway.mjs';
import { begin, fetchHttp } from '../lib/http.mjs';
import { parseMetrics, recordMetrics, value } from '../lib/metrics.mjs';
import { closePeers, JsonPeer, RawPeer, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { builtin } from '../lib/routes.mjs';
import { delay, now, waitFor, within } from '../lib/wait.mjs';

const DRAIN = 2000;
const CLIENTS = 40;
let cluster;

before(async () => {
  cluster = await startCluster({ nginx: true, namespaces: { '/': { routes: builtin } }, settings: { drain_timeout_ms: DRAIN } });
});
afterEach(closePeers);
after(stopCluster);

test('under load every client reconnects elsewhere, at a pace, and the exit status is 0', async () => {
  const [leaving, ...staying] = cluster.gateways;
  const room = 'drain';
  const drops = [];
  const peers = [];
  const there = [];
  /* NGINX deals them out by a hash: go on until enough are on the gateway that leaves. */
  for (let i = 0; i < CLIENTS || (there.length < 6 && i < 4 * CLIENTS); i++) {
    const transport = ['websocket', 'polling', 'upgrade'][i % 3];
    const peer = await SocketioPeer.open(cluster.base, { transport, reconnection: true, reconnectionDelay: 100, reconnectionDelayMax: 300 });
    peer.socket.on('disconnect', (reason) => drops.push({ at: now(), reason, peer }));
    peer.socket.on('connect', () => peer.socket.emit('join', room));
    await peer.join(room);
    peer.first = peer.id.split('~')[1];
    peers.push(peer);
    if (peer.first === leaving.label) there.push(peer);
  }
  assert.ok(there.length > 5, `${there.length} clients on the leaving gateway`);
  const sender = await JsonPeer.open(staying[0].base);
  let published = 0;
  let running = true;
  const load = (async () => {
    while (running) {
      await sender.publish(room, 'n', published++);
      if (published % 5 === 0) await delay(1);
    }
  })();
  await waitFor(() => published > 20, 'traffic');

  const begun = now();
  leaving.signal('SIGTERM');
  await waitFor(async () => (await fetchHttp(`${leaving.base}/readyz`)).status === 503, 'not ready', 1000, 5)
    .catch((error) => { if (!/ECONNREFUSED|ECONNRESET/.test(error.message)) throw error; });
  const status = await leaving.exit(DRAIN + 5000);
  assert.deepEqual(status, { code: 0, signal: null }, leaving.log);
  assert.ok(now() - begun < DRAIN + 3000, `${now() - begun} ms`);
  await waitFor(() => peers.every((peer) => peer.socket.connected), 'everybody is connected again', 20_000);
  running = false;
  await load;

  const told = new Set();
  for (const { reason, peer } of drops) {
    /* Whoever reconnects with polling while the gateway still listens may have to do so once more. */
    if (!told.has(peer)) assert.equal(reason, 'transport close', 'told, not cut off');
    else assert.notEqual(reason, 'io server disconnect', 'the client would not come back');
    told.add(peer);
    assert.equal(peer.first, leaving.label, `a client of ${peer.first} noticed: ${reason}`);
  }
  assert.equal(new Set(drops.map(({ peer }) => peer)).size, there.length);
  const times = drops.map(({ at }) => at).sort((a, b) => a - b);
  assert.ok(times.at(-1) - times[0] > DRAIN / 4, `paced: ${Math.round(times.at(-1) - times[0])} ms`);
  for (const peer of peers) await peer.join(room);
  await sender.publish(room, 'n', 'end');
  for (const peer of peers) await peer.inbox.find((item) => item.args[0] === 'end');
  /* Whoever was not on it has heard everything. */
  for (const peer of peers.filter((p) => p.first !== leaving.label)) {
    const heard = peer.inbox.all.filter((item) => item.event === 'n').map((item) => item.args[0]);
    assert.equal(heard.length, published + 1);
  }
  cluster.gateways[0].options.settings.node_id = 'node1';
  await leaving.restart();
  await leaving.waitReady();
});

test('plain WebSockets are closed with 1012, streams end, polling sessions start over', async () => {
  const gateway = await startGateway({ settings: { bus: cluster.redis.url, node_id: 'plain', drain_timeout_ms: 500 } });
  await gateway.waitReady();
  const [json, raw] = [await JsonPeer.open(gateway.base), await RawPeer.open(gateway.base, { rooms: ['r'] })];
  const stream = await SsePeer.open(gateway.base, { rooms: ['r'] });
  const ended = new Promise((resolve) => { stream.source.onerror = resolve; });
  const socketio = await SocketioPeer.open(gateway.base);
  const reason = new Promise((resolve) => socketio.socket.on('disconnect', resolve));
  gateway.signal('SIGTERM');
  assert.equal((await within(json.closed, 5000, 'json closes')).code, 1012);
  assert.equal((await within(raw.closed, 5000, 'raw closes')).code, 1012);
  await within(ended, 5000, 'the stream ends');
  assert.match(await within(reason, 5000, 'Socket.IO disconnects'), /^transport (close|error)$/);
  assert.deepEqual(await gateway.exit(5000), { code: 0, signal: null });
});

test('while draining: not ready, draining=1, no new connections, closes counted', async () => {
  const gateway = await startGateway({ settings: { drain_timeout_ms: 1500 } });
  await gateway.waitReady();
  const peers = await Promise.all(Array.from({ length: 10 }, () => JsonPeer.open(gateway.base)));
  /* Connections that are open already may each ask once more. */
  const agents = Array.from({ length: 12 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const page = async (agent, path) => within(begin(gateway.base + path, { agent }).answer, 2000, path);
  for (const agent of agents) assert.equal((await page(agent, '/readyz')).status, 200);
  gateway.signal('SIGTERM');
  await waitFor(async () => (await page(agents.pop(), '/readyz')).status === 503, 'not ready', 2000, 10);
  await waitFor(async () => {
    const series = parseMetrics((await page(agents.pop(), '/metrics')).text);
    recordMetrics('draining', series);
    return value(series, 'draining') === 1 && value(series, 'closes_total', 'reason="drain"') > 0;
  }, 'drain is counted', 2000, 150);
  await assert.rejects(JsonPeer.open(gateway.base), /ECONNREFUSED|503|socket hang up|ECONNRESET/);
  await Promise.all(peers.map((peer) => within(peer.closed, 5000, 'closed')));
  for (const agent of agents) agent.destroy();
  assert.deepEqual(await gateway.exit(5000), { code: 0, signal: null });
});

test('a second SIGTERM, and clients that do not read, do not hold it up', async () => {
  const gateway = await startGateway({ settings: { drain_timeout_ms: 60_000 } });
  const peers = await Promise.all(Array.from({ length: 20 }, () => JsonPeer.open(gateway.base)));
  gateway.signal('SIGTERM');
  await within(Promise.race(peers.map((peer) => peer.closed)), 10_000, 'the first one is closed');
  gateway.signal('SIGTERM');
  assert.deepEqual(await gateway.exit(5000), { code: 0, signal: null });
});

test('polling sessions that ended and are not polled again do not hold it up', async () => {
  const gateway = await startGateway({ settings: { drain_timeout_ms: 60_000 } });
  const before = await Polling.open(gateway.base);
  const first = await Polling.open(gateway.base); /* is closed at once, the other one 18 s later */
  const during = await Polling.open(gateway.base);
  assert.equal((await before.post('?')).status, 400);
  const held = first.hold();
  gateway.signal('SIGTERM');
  assert.equal((await within(held.answer, 5000, 'it leaves')).text, '1');
  assert.equal((await during.post('?')).status, 400);
  assert.deepEqual(await gateway.exit(10_000), { code: 0, signal: null });
});

test('without connections it exits at once', async () => {
  const gateway = await startGateway({ settings: { drain_timeout_ms: 60_000 } });
  const begun = now();
  gateway.signal('SIGTERM');
  assert.deepEqual(await gateway.exit(5000), { code: 0, signal: null });
  assert.ok(now() - begun < 3000);
});
