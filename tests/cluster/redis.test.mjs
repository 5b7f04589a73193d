// SPDX-License-Identifier: Apache-2.0
// What happens when Redis goes away: publishes are refused, clients stay, /readyz says so, and everything comes back by
// itself. A publication that was acknowledged is not lost by a gateway.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { startCluster, stopCluster } from '../lib/cluster.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { payload, Polling } from '../lib/engineio.mjs';
import { fetchHttp } from '../lib/http.mjs';
import { closePeers, JsonPeer, post, RawPeer, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { Redis, stopRedis } from '../lib/redis.mjs';
import { delay, now, waitFor, within } from '../lib/wait.mjs';

let redis;
let gateways;

before(async () => {
  ({ redis, gateways } = await startCluster({ settings: { bus_timeout_ms: 1000 } }));
});
afterEach(closePeers);
after(stopCluster);

const status = async (gateway, path) => (await fetchHttp(gateway.base + path)).status;
const everyGateway = (what) => Promise.all(gateways.map(what));
const ready = () => everyGateway((gateway) => gateway.waitReady());
const notReady = () => everyGateway((gateway) => waitFor(async () => (await status(gateway, '/readyz')) === 503, '/readyz is 503'));

/* Members on every node, in a room. */
async function members(room) {
  const peers = [];
  for (const { base } of gateways) {
    peers.push(await SocketioPeer.open(base, { rooms: [room] }));
    peers.push(await JsonPeer.open(base, { rooms: [room] }));
    peers.push(await SsePeer.open(base, { rooms: [room], events: ['n'] }));
  }
  return peers;
}

const isOpen = (peer) => peer.socket?.connected ?? (peer.ws ? peer.ws.readyState === 1 : peer.source.readyState === 1);

async function works(peers, room, mark) {
  for (const { base } of gateways) {
    const sender = await SocketioPeer.open(base);
    await sender.publish(room, 'n', mark);
    for (const peer of peers) assert.deepEqual((await peer.heard('n')).args, [mark]);
    sender.close();
  }
}

describe('killed and started again', () => {
  test('publishes are refused meanwhile, clients stay, rooms work again afterwards', async () => {
    const room = 'killed';
    const peers = await members(room);
    await works(peers, room, 'before');
    const ids = peers.filter((peer) => peer.socket).map((peer) => peer.id);
    await redis.kill();
    await notReady();
    for (const gateway of gateways) {
      assert.equal(await status(gateway, '/healthz'), 200);
      await gateway.metricIs('bus_up', '', 0);
      const sender = await SocketioPeer.open(gateway.base);
      const begun = now();
      const [answer] = await sender.ask('publish', room, 'n', 'lost');
      assert.equal(answer.error.code, 'unavailable');
      assert.ok(now() - begun < 1000, 'at once');
      const refused = await post(gateway.base, room, { body: '1' });
      assert.equal(refused.status, 503);
      assert.equal(refused.json.error.code, 'unavailable');
      assert.equal((await sender.ask('join', 'new room'))[0].error?.code, 'unavailable');
      assert.equal((await fetchHttp(`${gateway.base}/sse?room=x`)).status, 503);
      sender.close();
    }
    assert.ok(peers.every(isOpen), 'everybody is still connected');
    await redis.restart();
    await ready();
    await works(peers, room, 'after');
    assert.deepEqual(peers.filter((peer) => peer.socket).map((peer) => peer.id), ids);
    for (const peer of peers) assert.equal(peer.inbox.all.some((item) => item.args?.[0] === 'lost'), false);
    for (const gateway of gateways) {
      assert.ok(await gateway.metric('bus_downs_total') >= 1);
      assert.ok(await gateway.metric('bus_reconnects_total') >= 1);
      assert.ok(await gateway.metric('refusals_total', 'reason="unavailable"') >= 2);
    }
  });

  test('a raw publisher is told by a close with 1013', async () => {
    const raw = await RawPeer.open(gateways[0].base, { rooms: ['raw'] });
    await redis.kill();
    await notReady();
    raw.send('nobody gets this');
    assert.equal((await within(raw.closed, 5000, 'close')).code, 1013);
    await redis.restart();
    await ready();
  });

  test('under load: what was acknowledged before, between and after is at every member that stayed', async () => {
    const room = 'load';
    const peers = await members(room);
    const results = { accepted: [], unavailable: 0 };
    let stop = false;
    const senders = gateways.map(async ({ base }, node) => {
      const sender = await SocketioPeer.open(base);
      for (let i = 0; !stop; i++) {
        const mark = `${node}-${i}`;
        const asked = now();
        const [answer] = await sender.ask('publish', room, 'n', mark);
        if (answer.ok) results.accepted.push({ mark, asked, at: now() });
        else results.unavailable++;
        if (i % 10 === 0) await delay(1);
      }
    });
    await waitFor(() => results.accepted.length > 200, 'traffic');
    const killedAt = now();
    await redis.kill();
    await waitFor(() => results.unavailable > 50, 'refusals');
    await redis.restart();
    await ready();
    const backAt = now();
    const count = results.accepted.length;
    await waitFor(() => results.accepted.length > count + 200, 'traffic again');
    stop = true;
    await Promise.all(senders);
    /* An acknowledgement means that Redis had it: what Redis had not yet handed on when it was killed is lost with it,
       and what came before all gateways were back has not been for all. */
    const sure = results.accepted.filter(({ asked, at }) => at < killedAt - 50 || asked > backAt).map(({ mark }) => mark);
    const marks = (peer) => new Set(peer.inbox.all.filter((item) => item.event === 'n').map((item) => item.args[0]));
    for (const peer of peers) {
      await waitFor(() => {
        const got = marks(peer);
        return sure.every((mark) => got.has(mark));
      }, `${peer.dialect} has everything that was acknowledged`);
    }
    assert.ok(peers.every(isOpen));
  });

  test('several times in a row', async () => {
    const peers = await members('often');
    for (let i = 0; i < 3; i++) {
      await redis.kill();
      await notReady();
      await redis.restart();
      await ready();
      await works(peers, 'often', i);
    }
  });
});

describe('stopped, without a word', () => {
  test('after bus_timeout_ms publishes are refused; acks that waited are errors; it comes back', async () => {
    const room = 'stopped';
    const peers = await members(room);
    const sender = await SocketioPeer.open(gateways[0].base);
    redis.pause();
    const waiting = sender.ask('publish', room, 'n', 'maybe');
    await notReady();
    const [answer] = await waiting;
    assert.equal(answer.error.code, 'unavailable');
    const begun = now();
    assert.equal((await sender.ask('publish', room, 'n', 'no'))[0].error.code, 'unavailable');
    assert.ok(now() - begun < 500);
    assert.ok(peers.every(isOpen));
    redis.resume();
    await ready();
    for (const { base } of gateways) {
      const other = await SocketioPeer.open(base);
      await other.publish(room, 'n', 'after');
      for (const peer of peers) await peer.inbox.find((item) => item.args?.[0] === 'after');
      other.close();
    }
  });

  test('a short stop costs nothing but time', async () => {
    const room = 'short';
    const peers = await members(room);
    const sender = await SocketioPeer.open(gateways[1].base);
    redis.pause();
    const acks = Array.from({ length: 20 }, (_, i) => sender.ask('publish', room, 'n', i));
    await gateways[1].metricIs('bus_queue_bytes', '', (n) => n > 0, 900);
    redis.resume();
    for (const answer of await Promise.all(acks)) assert.deepEqual(answer, [{ ok: true }]);
    for (const peer of peers) {
      for (let i = 0; i < 20; i++) assert.deepEqual((await peer.heard('n')).args, [i]);
    }
  });
});

describe('slow', () => {
  test('a polling payload with more events than may wait goes on when those before are accepted', async () => {
    const session = await Polling.open(gateways[0].base);
    await session.connect();
    redis.pause();
    const events = Array.from({ length: 3000 }, (_, i) => `42${i}["publish","polled","n",${i}]`);
    const posted = session.post(payload(...events));
    await gateways[0].metricIs('bus_queue_bytes', '', (n) => n > 0, 900);
    redis.resume();
    assert.equal((await posted).status, 200);
    const acks = await session.receive(events.length);
    assert.deepEqual(acks, events.map((_, i) => `43${i}[{"ok":true}]`));
  });
});

describe('a join that cannot be done', () => {
  test('Redis does not answer the subscription: the error comes, plain connections end with 1013', async () => {
    const peer = await SocketioPeer.open(gateways[0].base);
    redis.pause();
    const raw = await RawPeer.open(gateways[0].base, { rooms: ['never subscribed'] }).catch((error) => ({ error }));
    const stream = fetchHttp(`${gateways[0].base}/sse?room=never%20either`);
    const [answer] = await peer.ask('join', 'nor this one');
    assert.equal(answer.error.code, 'unavailable');
    if (raw.error) assert.match(raw.error.message, /503/);
    else assert.equal((await within(raw.closed, 2500, 'the raw connection ends')).code, 1013);
    assert.equal((await stream).status, 503);
    assert.equal(peer.socket.connected, true);
    redis.resume();
    await ready();
    await gateways[0].metricIs('closes_total', 'reason="join_failed"', (n) => n > 0);
    await peer.join('nor this one');
  });
});

describe('connections to Redis that somebody cuts', () => {
  test('CLIENT KILL TYPE pubsub: the gateways come back, rooms work', async () => {
    const peers = await members('cut');
    const downs = await Promise.all(gateways.map((gateway) => gateway.metric('bus_downs_total')));
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await Promise.all(gateways.map((gateway, i) => gateway.metricIs('bus_downs_total', '', (n) => n > downs[i])));
    await ready();
    await works(peers, 'cut', 'after');
    assert.ok(peers.every(isOpen));
  });
});

describe('how a gateway starts', () => {
  test('before its Redis: it serves, is not ready, and joins when Redis comes', async () => {
    const late = await Redis.start();
    await late.kill();
    const gateway = await startGateway({ settings: { bus: late.url } });
    assert.equal(await status(gateway, '/readyz'), 503);
    assert.equal(await status(gateway, '/healthz'), 200);
    const peer = await SocketioPeer.open(gateway.base);
    assert.equal((await peer.ask('publish', 'r', 'n'))[0].error.code, 'unavailable');
    await late.restart();
    await gateway.waitReady();
    await peer.join('r');
    await peer.publish('r', 'n', 1);
    assert.deepEqual((await peer.heard('n')).args, [1]);
    await gateway.stop();
    await late.stop();
  });

  test('user, password and database of the URL are used', async () => {
    const guarded = await Redis.start();
    await guarded.command('ACL', 'SETUSER', 'cast', 'on', '>s3cret@:/', '+@all', '~*', '&*');
    await guarded.command('ACL', 'SETUSER', 'default', 'off');
    const url = (password) => `redis://cast:${encodeURIComponent(password)}@127.0.0.1:${guarded.port}/3`;
    const good = await startGateway({ settings: { bus: url('s3cret@:/') } });
    await good.waitReady();
    const bad = await startGateway({ settings: { bus: url('wrong') } });
    await waitFor(() => /WRONGPASS|auth/i.test(bad.log), 'the log says why');
    assert.equal(await status(bad, '/readyz'), 503);
    assert.doesNotMatch(bad.log + good.log, /s3cret/);
  });

  test('as a user who may do what the hint in the log says, and no more', async () => {
    const guarded = await Redis.start();
    const settings = { bus: `redis://cast:p@127.0.0.1:${guarded.port}/1` };
    await guarded.command('ACL', 'SETUSER', 'cast', 'on', '>p', '+ping', '+select', '+publish', '+subscribe');
    const gateway = await startGateway({ settings });
    await waitFor(() => /NOPERM.*hint="the ACL user needs/.test(gateway.log), 'the hint');
    const [, needs] = /hint="the ACL user needs ([^"]*)"/.exec(gateway.log);
    await guarded.command('ACL', 'SETUSER', 'cast', ...needs.replace('PREFIX', 'roomcast').split(' ').filter((word) => word !== 'and'));
    await gateway.waitReady();
    const peer = await SocketioPeer.open(gateway.base);
    await peer.join('r');
    await peer.publish('r', 'n', 1);
    assert.deepEqual((await peer.heard('n')).args, [1]);
  });

  test('with a Redis that is too old: the log says which version is needed', async () => {
    const old = await Redis.start({ args: ['--rename-command', 'HELLO', ''] });
    const gateway = await startGateway({ settings: { bus: old.url } });
    await waitFor(() => /version 6 or newer is needed/.test(gateway.log), 'the log says why');
    assert.equal(await status(gateway, '/readyz'), 503);
  });

  test('two clusters on one Redis keep apart by bus_prefix', async () => {
    const other = await startGateway({ settings: { bus: redis.url, bus_prefix: 'other', node_id: 'node1' } });
    await other.waitReady();
    const [here, there] = [await JsonPeer.open(gateways[0].base, { rooms: ['r'] }), await JsonPeer.open(other.base, { rooms: ['r'] })];
    await here.publish('r', 'n', 'here');
    await there.publish('r', 'n', 'there');
    assert.deepEqual((await here.heard('n')).args, ['here']);
    assert.deepEqual((await there.heard('n')).args, ['there']);
    assert.deepEqual([...here.inbox.rest, ...there.inbox.rest], []);
  });
});

after(async () => {
  await stopGateways();
  await stopRedis();
});
