// SPDX-License-Identifier: Apache-2.0
// Through NGINX with the project's configuration: sessions stay on their gateway without cookies, upgrades and streams
// pass, a dead gateway is survived, and a reload takes new gateways in.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { startCluster, stopCluster } from '../lib/cluster.mjs';
import { packets, Polling } from '../lib/engineio.mjs';
import { begin, fetchHttp } from '../lib/http.mjs';
import { closePeers, JsonPeer, post, RawPeer, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { builtin, echo } from '../lib/routes.mjs';
import { now, waitFor, within } from '../lib/wait.mjs';

let cluster;
let base;

before(async () => {
  cluster = await startCluster({ nginx: true, namespaces: { '/': { routes: { ...builtin, ...echo } } } });
  ({ base } = cluster);
});
afterEach(closePeers);
after(stopCluster);

const connections = async (gateway, transport) => gateway.metric('connections', `dialect="socketio",transport="${transport}"`);

describe('sticky sessions', () => {
  test('polling sessions over many TCP connections: never an unknown session', async () => {
    const sessions = await Promise.all(Array.from({ length: 60 }, () => Polling.open(base)));
    await Promise.all(sessions.map(async (session) => {
      await session.connect();
      for (let i = 0; i < 10; i++) {
        await session.send(`42${i}["quiet",${i}]`);
        assert.deepEqual(await session.receive(), [`43${i}[${i}]`]);
      }
    }));
  });

  test('they spread over the gateways', async () => {
    const counts = await Promise.all(cluster.gateways.map((gateway) => connections(gateway, 'polling')));
    assert.ok(counts.every((count) => count > 5), String(counts));
  });

  test('the session\'s id is what NGINX hashed, and a client cannot choose it', async () => {
    const session = await Polling.open(base);
    assert.match(session.sid, /^[0-9a-f]{32}$/);
    const chosen = 'chosenbytheclient00000';
    const [gateway] = cluster.gateways;
    const own = await fetchHttp(`${base}/socket.io/?EIO=4&transport=polling`, { headers: { 'X-Roomcast-Affinity': chosen } });
    assert.doesNotMatch(own.text, new RegExp(chosen));
    assert.equal(gateway.killed, false);
  });

  test('the real client on polling only', async () => {
    const peers = await Promise.all(Array.from({ length: 15 }, () => SocketioPeer.open(base, { transport: 'polling', rooms: ['sticky'] })));
    await peers[0].publish('sticky', 'n', 1);
    for (const peer of peers) assert.deepEqual((await peer.heard('n')).args, [1]);
  });

  test('the real client upgrades', async () => {
    const peers = await Promise.all(Array.from({ length: 15 }, () => SocketioPeer.open(base, { transport: 'upgrade', rooms: ['up'] })));
    await waitFor(() => peers.every((peer) => peer.transport === 'websocket'), 'all upgrades');
    await peers[0].publish('up', 'n', Buffer.from('b'));
    for (const peer of peers) assert.deepEqual((await peer.heard('n')).args, [{ $binary: 'Yg==' }]);
    for (const gateway of cluster.gateways) assert.equal(await gateway.metric('upgrades_failed_total'), 0);
  });
});

describe('what passes through', () => {
  test('every dialect', async () => {
    const rooms = ['mix'];
    const listeners = [await SocketioPeer.open(base, { rooms }), await JsonPeer.open(base, { rooms }),
      await RawPeer.open(base, { rooms }), await SsePeer.open(base, { rooms })];
    assert.equal((await post(base, 'mix', { body: '"from http"' })).status, 200);
    for (const peer of listeners) assert.deepEqual((await peer.heard('message')).args, ['from http']);
  });

  test('an SSE stream is not buffered', async () => {
    const stream = begin(`${base}/sse?room=live`);
    let text = '';
    stream.request.on('response', (response) => response.setEncoding('utf8').on('data', (chunk) => { text += chunk; }));
    const sender = await JsonPeer.open(base);
    await waitFor(async () => {
      await sender.publish('live', 'n', 0);
      return text.includes('data: [0]');
    }, 'the stream begins');
    for (let i = 1; i <= 20; i++) {
      const begun = now();
      await sender.publish('live', 'n', i);
      await waitFor(() => text.includes(`data: [${i}]`), `event ${i}`, 2000, 2);
      assert.ok(now() - begun < 500, `${now() - begun} ms`);
    }
    stream.abort();
  });

  test('the demo page and the client bundle; /metrics stays inside', async () => {
    for (const path of ['/', '/tutorial.html', '/socket.io/socket.io.js', '/readyz']) {
      assert.equal((await fetchHttp(base + path)).status, 200, path);
    }
    assert.equal((await fetchHttp(`${base}/metrics`)).status, 404);
  });

  test('a body above the gateway\'s limit gets the gateway\'s answer', async () => {
    const answer = await post(base, 'r', { body: `"${'x'.repeat(1_000_000)}"` });
    assert.equal(answer.status, 413);
    assert.equal(answer.json.error.code, 'too_large');
  });

  test('X-Forwarded-For counts from NGINX', async () => {
    const session = await Polling.open(base);
    assert.equal(packets((await session.post('40')).text)[0], 'ok');
  });
});

describe('gateways come and go', () => {
  test('a gateway is killed: its clients come back on others, the others notice nothing', async () => {
    const room = 'crash';
    const peers = [];
    const transports = ['websocket', 'polling', 'upgrade'];
    /* NGINX deals them out by a hash: go on until the one that will be killed has some. */
    while (peers.length < 9 || !peers.some((peer) => peer.node === 'node2')) {
      const transport = transports[peers.length % transports.length];
      assert.ok(peers.length < 100, 'somebody is on node2');
      const peer = await SocketioPeer.open(base, { transport, reconnection: true, reconnectionDelay: 100, reconnectionDelayMax: 500 });
      peer.drops = 0;
      peer.node = peer.id.split('~')[1];
      peer.socket.on('disconnect', () => { peer.drops++; });
      peer.socket.on('connect', () => peer.socket.emit('join', room));
      await peer.join(room);
      peers.push(peer);
    }
    const victim = cluster.gateways[1];
    await victim.kill();
    await waitFor(() => peers.every((peer) => peer.socket.connected && !peer.id.startsWith('~node2~')), 'everybody is elsewhere', 20_000);
    for (const peer of peers) if (peer.node !== 'node2') assert.equal(peer.drops, 0, `${peer.node} noticed nothing`);
    for (const peer of peers) await peer.join(room);
    await peers[0].publish(room, 'n', 'together');
    for (const peer of peers) assert.deepEqual((await peer.heard('n')).args, ['together']);
    for (let i = 0; i < 20; i++) await (await Polling.open(base)).connect();
    await victim.restart();
    await victim.waitReady();
  });

  test('scaling up and down with a reload', async () => {
    const stays = await SocketioPeer.open(base, { rooms: ['scale'] });
    const added = await cluster.add();
    await cluster.nginx.reload(cluster.gateways);
    await waitFor(async () => {
      const session = await Polling.open(base);
      await session.connect();
      return await connections(added, 'polling') > 0;
    }, 'the new gateway gets sessions', 20_000);
    const rest = cluster.gateways.slice(1);
    await cluster.nginx.reload(rest);
    await waitFor(async () => {
      const before = await connections(cluster.gateways[0], 'polling');
      const sessions = await Promise.all(Array.from({ length: 20 }, () => Polling.open(base)));
      await Promise.all(sessions.map((session) => session.connect()));
      return await connections(cluster.gateways[0], 'polling') === before;
    }, 'the removed one gets none');
    await stays.publish('scale', 'n', 'still here');
    assert.deepEqual((await within(stays.heard('n'), 5000, 'event')).args, ['still here']);
    await cluster.nginx.reload(cluster.gateways);
  });
});
