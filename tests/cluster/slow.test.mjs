// SPDX-License-Identifier: Apache-2.0
// Promise 4 in a cluster: one reader that stalls is cut off, everybody else on every node gets every message, and no
// gateway grows while a burst far beyond what it reads goes by.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startCluster, stopCluster } from '../lib/cluster.mjs';
import { FLAT } from '../lib/gateway.mjs';
import { closePeers, JsonPeer, SocketioPeer } from '../lib/peers.mjs';
import { RawSocket } from '../lib/rawsocket.mjs';
import { waitFor } from '../lib/wait.mjs';

const SIZE = 4000;
const COUNT = 6000;
let gateways;

before(async () => {
  const settings = { max_queue_bytes: 2_000_000 };
  ({ gateways } = await startCluster({ settings, env: FLAT }));
});
after(() => {
  closePeers();
  return stopCluster();
});

async function stalled(gateway) {
  const raw = await RawSocket.open(gateway.port, '/socket.io/?EIO=4&transport=websocket');
  raw.text('40');
  raw.text('421["join","burst"]');
  await raw.frames.find((f) => f.payload.toString().startsWith('431'));
  raw.pause();
  return raw;
}

test('a burst with one stalled reader on each node', async () => {
  const room = 'burst';
  const good = [];
  for (const { base } of gateways) {
    for (let i = 0; i < 3; i++) {
      const peer = await SocketioPeer.open(base, { rooms: [room] });
      peer.count = 0;
      peer.inbox.push = ({ event, args: [n] }) => { if (event === 'n' && n === peer.count) peer.count++; };
      good.push(peer);
    }
  }
  const sender = await JsonPeer.open(gateways[0].base);
  const text = 'x'.repeat(SIZE);
  const publish = async (from, to) => {
    for (let i = from; i < to; i += 10) {
      await Promise.all(Array.from({ length: 10 }, (_, j) => sender.publish(room, 'n', i + j, text)));
    }
  };
  await publish(0, 500);
  const lazy = await Promise.all(gateways.map(stalled));
  const before = gateways.map((gateway) => gateway.rss());
  await publish(500, COUNT);
  await waitFor(() => good.every((peer) => peer.count === COUNT), 'everybody else has everything', 30_000)
    .catch((error) => { throw new Error(`${error.message}: ${good.map((peer) => peer.count)}`); });
  for (const [i, gateway] of gateways.entries()) {
    await gateway.metricIs('closes_total', 'reason="slow"', 1);
    await gateway.metricIs('queue_bytes', '', (n) => n < 2_000_000);
    const grown = gateway.rss() - before[i];
    assert.ok(grown < 30e6, `${gateway.label} grew by ${grown} bytes`);
  }
  for (const raw of lazy) raw.destroy();
  assert.ok(good.every((peer) => peer.socket.connected));
});
