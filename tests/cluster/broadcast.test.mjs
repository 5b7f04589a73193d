// SPDX-License-Identifier: Apache-2.0
// Three gateways on one Redis: what is published on one is heard on the others, in every pair of dialects, and every
// kind of target works across nodes.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { startCluster, stopCluster } from '../lib/cluster.mjs';
import { closePeers, JsonPeer, plain, post, RawPeer, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { builtin, echo } from '../lib/routes.mjs';
import { brief, waitFor } from '../lib/wait.mjs';

const routes = {
  ...builtin,
  ...echo,
  several: [{ emit: 'got', to: ['$0', '$1'], args: '$2..' }],
  others: [{ emit: 'got', to: '$0', except: '$id', args: '$1..' }],
  'all but': [{ emit: 'got', to: '*', except: '$0', args: '$1..' }],
  ask: [{ request: 'question', to: '$0', args: '$1..' }],
  '*': [{ emit: '$event', to: '*', args: '$args' }, { ack: [{ ok: true }] }],
};
const ROOM = 'r ü';
let gateways;

before(async () => {
  ({ gateways } = await startCluster({ namespaces: { '/': { routes } } }));
});
after(() => {
  closePeers();
  return stopCluster();
});

const RECEIVERS = {
  'socketio/websocket': (base) => SocketioPeer.open(base, { rooms: [ROOM] }),
  'socketio/polling': (base) => SocketioPeer.open(base, { rooms: [ROOM], transport: 'polling' }),
  json: (base) => JsonPeer.open(base, { rooms: [ROOM] }),
  raw: (base) => RawPeer.open(base, { rooms: [ROOM] }),
  sse: (base) => SsePeer.open(base, { rooms: [ROOM], events: ['chat', 'message', 'fence'] }),
};

const TEXTS = ['text é€😀', 'x'.repeat(50_000)];
const VALUES = [...TEXTS, 42, { a: [1, { b: null }] }];
const BYTES = [Buffer.from([0, 1, 255]), Buffer.alloc(20_000, 3)];
const PUBLISHERS = {
  'socketio/websocket': async (base) => {
    const peer = await SocketioPeer.open(base);
    return { event: 'chat', values: [...VALUES, ...BYTES, { deep: [BYTES[0]] }], send: (v) => peer.publish(ROOM, 'chat', v) };
  },
  'socketio/polling': async (base) => {
    const peer = await SocketioPeer.open(base, { transport: 'polling' });
    return { event: 'chat', values: [...VALUES, ...BYTES, { deep: [BYTES[0]] }], send: (v) => peer.publish(ROOM, 'chat', v) };
  },
  json: async (base) => {
    const peer = await JsonPeer.open(base);
    return { event: 'chat', values: [...VALUES, ...BYTES, { deep: [BYTES[0]] }], send: (v) => peer.publish(ROOM, 'chat', v) };
  },
  raw: async (base) => {
    const peer = await RawPeer.open(base, { rooms: [ROOM] });
    peer.inbox.push = () => {};
    return { event: 'message', values: [...TEXTS, ...BYTES], send: async (v) => peer.send(v) };
  },
  http: async (base) => ({
    event: 'chat',
    values: [...VALUES, ...BYTES],
    send: async (v) => {
      const [body, type] = Buffer.isBuffer(v) ? [v, 'application/octet-stream'] : [JSON.stringify(v), 'application/json'];
      assert.equal((await post(base, ROOM, { query: '?event=chat', body, type })).status, 200);
    },
  }),
};

/* What the receiver must have for a value. */
function expected(receiver, event, value) {
  if (receiver !== 'raw') return { event, args: [plain(value)] };
  const verbatim = typeof value === 'string' || Buffer.isBuffer(value);
  return { event: 'message', args: [verbatim ? plain(value) : JSON.stringify(plain(value))] };
}

describe('every pair of dialects, from each node to the others', () => {
  const receivers = [];
  before(async () => {
    for (const gateway of gateways) {
      const peers = {};
      for (const [name, open] of Object.entries(RECEIVERS)) peers[name] = await open(gateway.base);
      receivers.push(peers);
    }
  });

  for (const [name, open] of Object.entries(PUBLISHERS)) {
    test(`${name} on every node → everybody on every node`, async () => {
      for (const gateway of gateways) {
        const { event, values, send } = await open(gateway.base);
        for (const value of values) {
          await send(value);
          for (const [node, peers] of receivers.entries()) {
            for (const [receiver, peer] of Object.entries(peers)) {
              const item = await peer.inbox.next();
              assert.deepEqual({ event: item.event, args: item.args }, expected(receiver, event, value),
                `${brief(plain(value))} at ${receiver} on node ${node + 1}`);
            }
          }
        }
      }
    });
  }

  test('to the whole namespace', async () => {
    const sender = await SocketioPeer.open(gateways[1].base);
    await sender.ask('chat', 'to all');
    for (const peers of receivers) {
      for (const [name, peer] of Object.entries(peers)) {
        if (name !== 'raw') assert.deepEqual((await peer.heard('chat')).args, ['to all'], name);
      }
    }
  });

  test('nobody heard anything twice, or anything else', async () => {
    for (const peers of receivers) for (const peer of Object.values(peers)) assert.deepEqual(peer.inbox.rest, []);
    for (const peers of receivers) for (const peer of Object.values(peers)) peer.close();
  });
});

describe('targets across nodes', () => {
  let a;
  let b;
  let c;
  before(async () => {
    [a, b, c] = await Promise.all(gateways.map((gateway) => SocketioPeer.open(gateway.base)));
    await a.join('x');
    await b.join('x');
    await b.join('y');
    await c.join('y');
  });

  /* Each peer's events before a fence that goes the same way. */
  async function heard(expectedArgs) {
    for (const peer of [a, b, c]) {
      await c.publish(peer.id, 'fence');
      const got = [];
      for (let item = await peer.inbox.next(); item.event !== 'fence'; item = await peer.inbox.next()) got.push(...item.args);
      const name = peer === a ? 'a' : peer === b ? 'b' : 'c';
      assert.deepEqual(got, expectedArgs[name] ?? [], name);
    }
  }

  test('a client by its id', async () => {
    await a.publish(c.id, 'got', 'direct');
    await heard({ c: ['direct'] });
  });

  test('two rooms: who is in both gets it once', async () => {
    await c.ask('several', 'x', 'y', 'once');
    await heard({ a: ['once'], b: ['once'], c: ['once'] });
  });

  test('a room and a client id', async () => {
    await a.ask('several', 'x', c.id, 'mixed');
    await heard({ a: ['mixed'], b: ['mixed'], c: ['mixed'] });
  });

  test('except the sender', async () => {
    await a.ask('others', 'x', 'not me');
    await heard({ b: ['not me'] });
  });

  test('everybody but a room, and but a client on another node', async () => {
    await a.ask('all but', 'y', 'few');
    await heard({ a: ['few'] });
    await a.ask('all but', c.id, 'not c');
    await heard({ a: ['not c'], b: ['not c'] });
  });

  test('asking a client on another node, with binary', async () => {
    c.socket.on('question', (...args) => args.pop()('reply', ...args, Buffer.from([9])));
    assert.deepEqual(await a.ask('ask', c.id, 'q', Buffer.from([8])), ['reply', 'q', { $binary: 'CA==' }, { $binary: 'CQ==' }]);
    const answer = await post(gateways[1].base, c.id, { query: '?event=question&ack=1', body: '"http"' });
    assert.deepEqual(answer.json, { ok: true, args: ['reply', 'http', { $binary: 'CQ==' }] });
    c.inbox.taken = c.inbox.all.length;
  });

  test('asking a client that was on another node', async () => {
    const gone = await SocketioPeer.open(gateways[2].base);
    const { id } = gone;
    gone.close();
    await waitFor(async () => (await a.ask('ask', id, 1))[0].error?.code === 'gone', 'gone');
  });
});

describe('channels follow members', () => {
  test('a node without members does not get a room\'s publications', async () => {
    const [member, sender] = [await JsonPeer.open(gateways[0].base, { rooms: ['only here'] }), await JsonPeer.open(gateways[1].base)];
    const received = () => gateways[2].metric('publications_received_total');
    const before = await received();
    for (let i = 0; i < 50; i++) await sender.publish('only here', 'n', i);
    for (let i = 0; i < 50; i++) assert.deepEqual((await member.heard('n')).args, [i]);
    assert.ok(await received() - before < 40, 'only its own probes');
  });
});
