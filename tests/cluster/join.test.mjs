// SPDX-License-Identifier: Apache-2.0
// Promise 2: a join that was acknowledged means subscribed. What is published, on any node, after the ack reaches the
// client. Hammered with rooms that come and go so quickly that subscriptions and unsubscriptions overtake each other.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startCluster, stopCluster } from '../lib/cluster.mjs';
import { fetchHttp } from '../lib/http.mjs';
import { closePeers, JsonPeer, RawPeer, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { within } from '../lib/wait.mjs';

let gateways;

before(async () => {
  ({ gateways } = await startCluster({ settings: { room_linger_ms: 5 } }));
});
after(() => {
  closePeers();
  return stopCluster();
});

const random = (n) => Math.floor(Math.random() * n);

/* One member that joins, hears what is then published elsewhere, and leaves, many times. */
async function hammer(member, publisher, rounds, rooms) {
  const heard = new Map();
  member.socket?.on('mark', (mark) => heard.get(mark)?.());
  for (let i = 0; i < rounds; i++) {
    const room = rooms[random(rooms.length)];
    const mark = `${member.id}-${i}`;
    const arrives = new Promise((resolve) => heard.set(mark, resolve));
    await member.join(room);
    await publisher.publish(room, 'mark', mark);
    await within(arrives, 5000, `round ${i}: ${mark} in ${room} after its publish was acknowledged`);
    heard.delete(mark);
    await member.leave(room);
  }
}

test('joins and publishes on different nodes, a few rooms shared by all', async () => {
  const rooms = ['one', 'two', 'three'];
  const workers = [];
  for (let i = 0; i < 12; i++) {
    const member = await SocketioPeer.open(gateways[i % 3].base);
    const publisher = await SocketioPeer.open(gateways[(i + 1 + (i % 2)) % 3].base);
    workers.push(hammer(member, publisher, 300, rooms));
  }
  await Promise.all(workers);
});

test('one member per room, so that each leave may unsubscribe', async () => {
  const workers = [];
  for (let i = 0; i < 8; i++) {
    const member = await SocketioPeer.open(gateways[i % 3].base);
    const publisher = await SocketioPeer.open(gateways[(i + 1) % 3].base);
    workers.push(hammer(member, publisher, 300, [`own${i}`]));
  }
  await Promise.all(workers);
});

test('joining and leaving without waiting for acks ends in what was asked last', async () => {
  const [member, publisher] = [await SocketioPeer.open(gateways[0].base), await SocketioPeer.open(gateways[1].base)];
  /* On the member's gateway: what it hears came after all that was published before. Without it a join may overtake
     what was published while the member was away. */
  const witness = await SocketioPeer.open(gateways[0].base);
  await witness.join('barrier');
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < random(4); j++) {
      member.emit('join', 'flip');
      member.emit('leave', 'flip');
    }
    await member.join('flip');
    await publisher.publish('flip', 'n', i);
    assert.deepEqual((await member.heard('n')).args, [i]);
    await member.leave('flip');
    await publisher.publish('flip', 'n', 'nobody');
    await publisher.publish('barrier', 'n', i);
    assert.deepEqual((await witness.heard('n')).args, [i]);
  }
  assert.equal(member.inbox.all.some((item) => item.args[0] === 'nobody'), false);
});

test('a stream or a raw connection that is open hears what is published from then on', async () => {
  const publisher = await JsonPeer.open(gateways[2].base);
  for (let i = 0; i < 60; i++) {
    const room = `open${i % 7}`;
    const stream = await SsePeer.open(gateways[0].base, { rooms: [room], events: ['n'] });
    await publisher.publish(room, 'n', i);
    assert.deepEqual((await stream.heard('n', 3000)).args, [i]);
    stream.close();
    const raw = await RawPeer.open(gateways[1].base, { rooms: [room] });
    /* The handshake is not an answer to the join: what the connection publishes itself comes back after it. */
    raw.send(`own${i}`);
    assert.deepEqual((await raw.inbox.next(3000)).args, [`own${i}`]);
    await publisher.publish(room, 'n', `raw${i}`);
    assert.deepEqual((await raw.inbox.next(3000)).args, [`raw${i}`]);
    raw.close();
  }
});

test('afterwards nothing is left: channels and rooms go away', async () => {
  closePeers();
  for (const gateway of gateways) {
    await gateway.metricIs('rooms', '', 0);
    await gateway.metricIs('memberships', '', 0);
    await gateway.metricIs('clients', '', 0);
    await gateway.metricIs('bus_channels', '', (n) => n <= 3);
  }
  assert.equal((await fetchHttp(`${gateways[0].base}/readyz`)).status, 200);
});
