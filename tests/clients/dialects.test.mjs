// SPDX-License-Identifier: Apache-2.0
// One room for all dialects: the mapping of an event from every way to publish it to every way to hear it, pair by
// pair and value by value.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { closePeers, JsonPeer, plain, post, RawPeer, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { builtin, echo } from '../lib/routes.mjs';
import { brief } from '../lib/wait.mjs';

const relay = { '*': [{ emit: '$event', to: '*', args: '$args' }, { ack: [{ ok: true }] }] };
const ROOM = 'pairs/ü ?&#';
let base;
let receivers;
let publishers;

before(async () => {
  const gateway = await startGateway({ namespaces: { '/': { routes: { ...builtin, ...echo, ...relay } } } });
  base = gateway.base;
  receivers = await openReceivers();
  publishers = await openPublishers();
});
after(() => {
  closePeers();
  return stopGateways();
});

async function openReceivers() {
  const rooms = [ROOM];
  return {
    'socketio/websocket': await SocketioPeer.open(base, { rooms }),
    'socketio/polling': await SocketioPeer.open(base, { rooms, transport: 'polling' }),
    json: await JsonPeer.open(base, { rooms }),
    raw: await RawPeer.open(base, { rooms }),
    sse: await SsePeer.open(base, { rooms, events: ['chat', 'message', 'fence'] }),
  };
}

/* Each is (event, args): it resolves when the publication is accepted, or was sent. */
async function openPublishers() {
  const [ws, polling] = [await SocketioPeer.open(base), await SocketioPeer.open(base, { transport: 'polling' })];
  const json = await JsonPeer.open(base);
  const raw = await RawPeer.open(base, { rooms: [ROOM] });
  raw.inbox.push = () => {};
  return {
    'socketio/websocket': (event, args) => ws.publish(ROOM, event, ...args),
    'socketio/polling': (event, args) => polling.publish(ROOM, event, ...args),
    json: (event, args) => json.publish(ROOM, event, ...args),
    raw: async (event, [value]) => raw.send(value),
    http: async (event, [value]) => {
      const binary = Buffer.isBuffer(value);
      const answer = await post(base, ROOM, {
        query: `?event=${encodeURIComponent(event)}`,
        body: binary ? value : JSON.stringify(plain(value)),
        type: binary ? 'application/octet-stream' : 'application/json',
      });
      assert.equal(answer.status, 200, answer.text);
    },
  };
}

/* What a raw receiver gets: the first argument, a string or binary as it is, anything else as JSON text. */
function rawForm([first]) {
  const value = plain(first);
  if (typeof value === 'string' || Buffer.isBuffer(first)) return value;
  return JSON.stringify(value);
}

const BIG = 'ü'.repeat(100_000);
const SINGLE = [
  'text', '', 'é€😀 "quoted" \\ \u2028 \n\r\t \u0000', 42, -0.5, 1e21, true, false, null, [], {}, [1, [2, { a: null }]],
  { name: 'x', nested: { list: [1, 2, 3], 'ü': '€' } }, BIG, Array.from({ length: 1000 }, (_, i) => i),
];
const BINARY = [Buffer.from([0, 1, 2, 253, 254, 255]), Buffer.alloc(0), Buffer.alloc(50_000, 7)];
const NESTED = [{ file: Buffer.from('abc'), meta: { size: 3 } }, [Buffer.from([1]), 'x', [Buffer.from([2])]]];
const SEVERAL = [[], ['a', 2, null], [{ a: 1 }, Buffer.from('b'), 'c', Buffer.from('d')], [Buffer.from('first'), 'second']];

/* [name of the publisher, lists of arguments it can publish]. */
const single = (values) => values.map((value) => [value]);
const PUBLISHERS = [
  ['socketio/websocket', [...single(SINGLE), ...single(BINARY), ...single(NESTED), ...SEVERAL]],
  ['socketio/polling', [...single(SINGLE), ...single(BINARY), ...single(NESTED), ...SEVERAL]],
  ['json', [...single(SINGLE), ...single(BINARY), ...single(NESTED), ...SEVERAL]],
  ['raw', [...single(SINGLE.filter((v) => typeof v === 'string')), ...single(BINARY)]],
  ['http', [...single(SINGLE), ...single(BINARY), ...single(NESTED)]],
];

async function heardBy(name, event, args) {
  const peer = receivers[name];
  if (name !== 'raw') {
    const item = await peer.inbox.next();
    assert.deepEqual({ event: item.event, args: item.args }, { event, args: JSON.parse(JSON.stringify(plain(args))) });
    if (name === 'json') assert.equal(item.raw.room, ROOM);
    return;
  }
  if (args.length === 0) return; /* nothing to show */
  const item = await peer.inbox.next();
  assert.deepEqual(item.args, [rawForm(args)]);
  assert.equal(item.binary, Buffer.isBuffer(args[0]));
}

describe('every pair', () => {
  for (const [publisher, lists] of PUBLISHERS) {
    for (const receiver of ['socketio/websocket', 'socketio/polling', 'json', 'raw', 'sse']) {
      test(`${publisher} → ${receiver}`, async () => {
        for (const args of lists) {
          const event = publisher === 'raw' ? 'message' : 'chat';
          await publishers[publisher](event, args);
          for (const name of Object.keys(receivers)) {
            await heardBy(name, event, args).catch((error) => {
              if (name === receiver) throw new Error(`${brief(plain(args))}: ${error.message}`);
            });
          }
        }
        for (const peer of Object.values(receivers)) assert.deepEqual(peer.inbox.rest, []);
      });
    }
  }
});

describe('namespace-wide events', () => {
  test('reach Socket.IO and JSON clients, and SSE streams', async () => {
    const sender = await JsonPeer.open(base);
    await sender.ask('chat', 'to all');
    for (const name of ['socketio/websocket', 'socketio/polling', 'json', 'sse']) {
      const item = await receivers[name].heard('chat');
      assert.deepEqual(item.args, ['to all'], name);
    }
    assert.deepEqual((await sender.heard('chat')).args, ['to all']);
    const { raw } = await receivers.json.inbox.all.at(-1);
    assert.equal('room' in raw, false);
    sender.close();
  });

  test('do not reach raw connections, which are in one room only', async () => {
    await publishers.json('fence', ['x']);
    assert.deepEqual((await receivers.raw.inbox.next()).args, ['x']);
    for (const name of Object.keys(receivers)) if (name !== 'raw') await receivers[name].heard('fence');
  });
});

describe('several rooms', () => {
  test('a client in two rooms hears each room\'s publications, and its own in its rooms', async () => {
    const peer = await SocketioPeer.open(base, { rooms: ['one', 'two'] });
    await peer.publish('one', 'n', 1);
    await peer.publish('two', 'n', 2);
    await peer.publish('three', 'n', 3);
    await peer.publish('one', 'n', 4);
    assert.deepEqual([await peer.heard('n'), await peer.heard('n'), await peer.heard('n')].map((i) => i.args[0]), [1, 2, 4]);
    peer.close();
  });

  test('an SSE stream of two rooms hears both', async () => {
    const stream = await SsePeer.open(base, { rooms: ['one', 'two'], events: ['n'] });
    const sender = await JsonPeer.open(base);
    await sender.publish('one', 'n', 1);
    await sender.publish('two', 'n', 2);
    assert.deepEqual((await stream.heard('n')).args, [1]);
    assert.deepEqual((await stream.heard('n')).args, [2]);
    stream.close();
    sender.close();
  });
});

describe('what belongs to one dialect does not leak into another', () => {
  test('an event named error or open reaches an EventSource as $error and $open', async () => {
    for (const name of ['error', 'open']) {
      await publishers.json(name, [name]);
      assert.deepEqual((await receivers.sse.heard(`$${name}`)).args, [name]);
      assert.deepEqual((await receivers['socketio/websocket'].heard(name)).args, [name]);
    }
  });

  test('numbers as event names are strings outside of Socket.IO', async () => {
    await publishers['socketio/websocket'](7, ['seven']);
    const item = await receivers.json.heard('7');
    assert.deepEqual(item.args, ['seven']);
    await receivers['socketio/websocket'].heard(7);
  });

  for (const name of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener',
    '$connect', '$disconnect', '$join', '$leave', '$welcome', '$binary', '$', '$x']) {
    test(`${name} is refused as an event name, from everywhere`, async () => {
      const json = await JsonPeer.open(base);
      const direct = await json.request({ event: 'publish', args: [ROOM, name, 1] });
      assert.equal(direct.error?.code, 'reserved_event', JSON.stringify(direct));
      const answer = await post(base, ROOM, { query: `?event=${encodeURIComponent(name)}`, body: '1' });
      assert.equal(answer.status, 400);
      assert.equal(answer.json.error.code, 'reserved_event');
      if (name[0] === '$') {
        const socketio = await SocketioPeer.open(base);
        const [ack] = await socketio.ask(name, 1);
        assert.equal(ack.error?.code, 'reserved_event', JSON.stringify(ack));
        socketio.close();
      } else {
        const relayed = await json.request({ event: name, args: [1] });
        assert.equal(relayed.error?.code, 'reserved_event', JSON.stringify(relayed));
      }
      json.close();
      await receivers['socketio/websocket'].ask('quiet');
    });
  }

  test('a name that needs escapes in a line of an SSE stream does not break it', async () => {
    const name = 'two\nlines\r\ndata: fake';
    await publishers.json(name, ['x']);
    await publishers.json('fence', ['after']);
    assert.deepEqual((await receivers.sse.heard('fence')).args, ['after']);
    assert.deepEqual((await receivers['socketio/websocket'].heard(name)).args, ['x']);
  });

  test('{"$binary"} and {"_placeholder"} that a client sends as data stay what the dialect says', async () => {
    const placeholder = { _placeholder: true, num: 0 };
    await publishers['socketio/websocket']('chat', [placeholder]);
    assert.deepEqual((await receivers['socketio/polling'].heard('chat')).args, [placeholder]);
    await publishers.json('chat', [placeholder]);
    assert.deepEqual((await receivers['socketio/polling'].heard('chat')).args, [placeholder]);
    await receivers['socketio/websocket'].ask('quiet');
    assert.equal(receivers['socketio/websocket'].socket.connected, true);
  });

  test('a placeholder as data beside binary does not disconnect anybody', async () => {
    const peer = await JsonPeer.open(base);
    const value = { _placeholder: true, num: 5 };
    const answer = await peer.request({ event: 'publish', args: [ROOM, 'chat', value, { $binary: 'AQ==' }] });
    if (!answer.error) await receivers['socketio/websocket'].heard('chat');
    assert.deepEqual(await receivers['socketio/websocket'].ask('quiet', 1), [1]);
    peer.close();
  });
});
