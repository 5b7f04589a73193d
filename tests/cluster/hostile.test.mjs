// SPDX-License-Identifier: Apache-2.0
// Promise 6: what others put on Redis cannot crash or wedge a gateway. Junk on its channels is counted and skipped.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { startCluster, stopCluster } from '../lib/cluster.mjs';
import { closePeers, JsonPeer, SocketioPeer } from '../lib/peers.mjs';
import net from 'node:net';
import { waitFor } from '../lib/wait.mjs';

let redis;
let gateways;

before(async () => {
  ({ redis, gateways } = await startCluster({ size: 2 }));
  await SocketioPeer.open(gateways[0].base, { rooms: ['r'] }); /* so that there is a channel to attack */
});
after(() => {
  closePeers();
  return stopCluster();
});

/* The channels that the gateways listen to. */
async function channels() {
  const reply = await redis.command('PUBSUB', 'CHANNELS');
  return reply.split('\r\n').filter((line) => line.startsWith('roomcast'));
}

/* What a gateway publishes to the room, byte for byte. */
async function capture(publish) {
  const room = (await channels()).find((name) => name.endsWith(',r'));
  const socket = net.connect(redis.port, '127.0.0.1');
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk) => { bytes = Buffer.concat([bytes, chunk]); });
  socket.write(`SUBSCRIBE ${room}\r\n`);
  await waitFor(() => bytes.includes('subscribe'), 'subscribed');
  bytes = Buffer.alloc(0);
  await publish();
  await waitFor(() => bytes.includes('message'), 'the publication');
  socket.destroy();
  const head = bytes.indexOf(Buffer.from(`${room}\r\n$`)) + room.length + 3;
  const size = Number(bytes.subarray(head, bytes.indexOf('\r\n', head)).toString());
  const at = bytes.indexOf('\r\n', head) + 2;
  return { room, envelope: bytes.subarray(at, at + size) };
}

/* Gateways are what must survive. A client that got arguments which are no JSON (whoever may write to Redis can do that)
 * may have gone, so these are new ones. */
async function stillWorks() {
  const member = await SocketioPeer.open(gateways[0].base, { rooms: ['r'] });
  const sender = await JsonPeer.open(gateways[1].base);
  const mark = `${Math.random()}`;
  await sender.publish('r', 'n', mark);
  await member.inbox.find((item) => item.args?.[0] === mark);
  for (const gateway of gateways) await gateway.waitReady();
  sender.close();
  member.close();
}

const dropped = async (reason) => {
  let sum = 0;
  for (const gateway of gateways) sum += await gateway.metric('dropped_total', `reason="${reason}"`);
  return sum;
};

test('junk on every channel', async () => {
  const JUNK = [Buffer.alloc(0), Buffer.from('x'), Buffer.from('{"json":true}'), Buffer.alloc(100), Buffer.alloc(100, 1), Buffer.alloc(10_000, 255)];
  for (const channel of await channels()) for (const junk of JUNK) await redis.command('PUBLISH', channel, junk);
  await stillWorks();
  assert.ok(await dropped('bad_envelope') > 0);
});

test('every truncation, and every byte changed, of a real publication', async () => {
  const sender = await JsonPeer.open(gateways[1].base);
  const { room, envelope } = await capture(() => sender.publish('r', 'n', { a: [1, 'two'] }, { $binary: 'AQID' }));
  for (let i = 0; i < envelope.length; i++) await redis.command('PUBLISH', room, envelope.subarray(0, i));
  for (let i = 0; i < envelope.length; i++) {
    const changed = Buffer.from(envelope);
    changed[i] ^= 1 + (i % 255);
    await redis.command('PUBLISH', room, changed);
  }
  await redis.command('PUBLISH', room, Buffer.concat([envelope, Buffer.from('more')]));
  await stillWorks();
});

test('another version is counted as such', async () => {
  const sender = await JsonPeer.open(gateways[1].base);
  const { room, envelope } = await capture(() => sender.publish('r', 'n', 1));
  const before = await dropped('unknown_version');
  const future = Buffer.from(envelope);
  future[0] = 200;
  await redis.command('PUBLISH', room, future);
  await waitFor(async () => await dropped('unknown_version') > before, 'counted');
  await stillWorks();
});

test('a publication that says it is a million attachments or a giant string', async () => {
  for (const channel of await channels()) {
    const giant = Buffer.alloc(64, 255);
    giant[0] = 1;
    giant[1] = 1;
    giant[2] = 0;
    await redis.command('PUBLISH', channel, giant);
  }
  await stillWorks();
});
