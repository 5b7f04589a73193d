// SPDX-License-Identifier: Apache-2.0
// Promises 1 and 3: all members on all nodes see a room's publications in one order, and nothing that was acknowledged
// is missing anywhere, while publishers on all nodes publish at the same time.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startCluster, stopCluster } from '../lib/cluster.mjs';
import { closePeers, JsonPeer, post, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { builtin } from '../lib/routes.mjs';
import { waitFor } from '../lib/wait.mjs';

const routes = { ...builtin, both: [{ emit: 'n', to: ['$0', 'another'], args: '$1..' }, { ack: [{ ok: true }] }] };
let gateways;

before(async () => {
  ({ gateways } = await startCluster({ namespaces: { '/': { routes } } }));
});
after(() => {
  closePeers();
  return stopCluster();
});

const EACH = 400;

/* Two members per node, of different dialects. */
async function members(room) {
  const peers = [];
  for (const { base } of gateways) {
    peers.push(await SocketioPeer.open(base, { rooms: [room] }));
    peers.push(await JsonPeer.open(base, { rooms: [room] }));
    peers.push(await SsePeer.open(base, { rooms: [room], events: ['n'] }));
  }
  return peers;
}

/* Publishes from every node at once; the marks that were acknowledged. */
async function publishEverywhere(publish) {
  const accepted = new Set();
  await Promise.all(gateways.map(async (gateway, node) => {
    const sender = await SocketioPeer.open(gateway.base);
    const pending = [];
    for (let i = 0; i < EACH; i++) {
      const mark = `${node}-${i}`;
      pending.push(publish(sender, mark).then(() => accepted.add(mark)));
      if (i % 20 === 19) await pending[i - 19];
    }
    await Promise.all(pending);
    sender.close();
  }));
  return accepted;
}

async function sameEverywhere(peers, accepted) {
  const marks = (peer) => peer.inbox.all.filter((item) => item.event === 'n').map((item) => item.args[0]);
  await waitFor(() => peers.every((peer) => marks(peer).length >= accepted.size), 'everything arrives', 30_000);
  const reference = marks(peers[0]);
  assert.deepEqual(new Set(reference), accepted);
  assert.equal(reference.length, accepted.size, 'nothing twice');
  for (const peer of peers) assert.deepEqual(marks(peer), reference);
  for (let node = 0; node < gateways.length; node++) {
    const own = reference.filter((mark) => mark.startsWith(`${node}-`)).map((mark) => Number(mark.slice(2)));
    assert.deepEqual(own, [...own].sort((x, y) => x - y), `the order of node ${node}'s publisher`);
  }
}

test('concurrent publishers on all nodes, one order at all members', async () => {
  const peers = await members('order');
  const accepted = await publishEverywhere((sender, mark) => sender.publish('order', 'n', mark));
  assert.equal(accepted.size, EACH * gateways.length);
  await sameEverywhere(peers, accepted);
});

test('also when some publications go to several rooms, and some through HTTP', async () => {
  const peers = await members('mixed');
  let count = 0;
  const accepted = await publishEverywhere(async (sender, mark) => {
    const way = count++ % 3;
    if (way === 0) await sender.publish('mixed', 'n', mark);
    else if (way === 1) assert.deepEqual(await sender.ask('both', 'mixed', mark), [{ ok: true }]);
    else await sender.publish('mixed', 'n', mark);
  });
  await sameEverywhere(peers, accepted);
});

test('publications by HTTP on several nodes reach everybody in one order', async () => {
  const peers = await members('http');
  const accepted = new Set();
  await Promise.all(gateways.map(async (gateway, node) => {
    for (let i = 0; i < 50; i++) {
      const answer = await post(gateway.base, 'http', { query: '?event=n', body: `"${node}-${i}"` });
      if (answer.status === 200) accepted.add(`${node}-${i}`);
    }
  }));
  assert.equal(accepted.size, 150);
  await sameEverywhere(peers, accepted);
});
