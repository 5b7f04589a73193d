// SPDX-License-Identifier: Apache-2.0
// The unmodified socket.io-client against a gateway: every transport, namespaces over one connection, acks with
// timeouts, binary, rooms, volatile events, and coming back after the gateway was killed.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { io, Manager } from '../lib/packages.mjs';
import { closePeers, SocketioPeer } from '../lib/peers.mjs';
import { builtin, echo } from '../lib/routes.mjs';
import { waitFor, within } from '../lib/wait.mjs';

const TRANSPORTS = ['websocket', 'polling', 'upgrade'];
const relay = { '*': [{ emit: '$event', to: '*', args: '$args' }, { ack: [{ ok: true }] }] };
let gateway;
let base;

before(async () => {
  const routes = { ...builtin, ...echo, ...relay };
  gateway = await startGateway({ namespaces: { '/': { routes }, '/admin': { routes } } });
  base = gateway.base;
});
afterEach(closePeers);
after(stopGateways);

const open = (options) => SocketioPeer.open(base, options);

const VALUES = [
  'text', '', 'é€😀\u2028"\\\n', 0, -1.5, 1e21, true, null, [], [1, [2, [3]]], {}, { a: { b: { c: [1, 'x', null] } } },
  Buffer.from([0, 1, 2, 255]), Buffer.alloc(0), { file: Buffer.from('abc'), list: [Buffer.from('d'), 1] },
];

for (const transport of TRANSPORTS) {
  describe(transport, () => {
    test('connects with an id of its own', async () => {
      const [a, b] = [await open({ transport }), await open({ transport })];
      assert.ok(a.id && b.id && a.id !== b.id);
      if (transport === 'upgrade') await waitFor(() => a.transport === 'websocket', 'the upgrade');
      else assert.equal(a.transport, transport);
    });

    test('acks bring back what was sent', async () => {
      const peer = await open({ transport });
      for (const value of VALUES) assert.deepEqual(await peer.ask('quiet', value), JSON.parse(JSON.stringify([plainOf(value)])));
      assert.deepEqual(await peer.ask('quiet'), []);
      assert.deepEqual(await peer.ask('quiet', 1, 'two', [3]), [1, 'two', [3]]);
    });

    test('events come back with every kind of argument', async () => {
      const peer = await open({ transport });
      for (const value of VALUES) {
        peer.emit('echo', value, 'second');
        const { args } = await peer.heard('echo');
        assert.deepEqual(args, JSON.parse(JSON.stringify([plainOf(value), 'second'])));
      }
    });

    test('a large binary value', async () => {
      const peer = await open({ transport });
      const big = Buffer.alloc(500_000, 'roomcast');
      const [answer] = await peer.ask('quiet', big);
      assert.equal(answer.$binary, big.toString('base64'));
    });

    test('rooms: join, publish, leave', async () => {
      const room = `rooms-${transport}`;
      const [member, other, sender] = [await open({ transport }), await open({ transport }), await open({ transport })];
      await member.join(room);
      await sender.publish(room, 'news', { n: 1 }, Buffer.from('x'));
      assert.deepEqual((await member.heard('news')).args, [{ n: 1 }, { $binary: 'eA==' }]);
      await member.leave(room);
      await sender.publish(room, 'news', 2);
      await other.join(room);
      await sender.publish(room, 'news', 3);
      assert.deepEqual((await other.heard('news')).args, [3]);
      assert.deepEqual(await member.ask('quiet', 'fence'), ['fence']);
      assert.deepEqual(member.inbox.rest, []);
      assert.deepEqual(sender.inbox.rest, []);
    });

    test('any other event is relayed to the whole namespace, sender included', async () => {
      const peers = [await open({ transport }), await open({ transport })];
      peers[0].emit('chat message', `hello ${transport}`);
      for (const peer of peers) assert.deepEqual((await peer.heard('chat message')).args, [`hello ${transport}`]);
    });

    test('a hundred events in a row arrive in order', async () => {
      const [member, sender] = [await open({ transport, rooms: [`row-${transport}`] }), await open({ transport })];
      for (let i = 0; i < 100; i++) sender.emit('publish', `row-${transport}`, 'n', i);
      for (let i = 0; i < 100; i++) assert.deepEqual((await member.heard('n')).args, [i]);
    });

    test('emitWithAck and its timeout', async () => {
      const { socket } = await open({ transport });
      assert.equal(await socket.emitWithAck('quiet', 7), 7);
      assert.equal(await socket.timeout(2000).emitWithAck('quiet', 8), 8);
    });

    test('an ack that does not come in time is an error, and the connection lives on', async () => {
      const { socket } = await open({ transport });
      gateway.signal('SIGSTOP');
      const late = socket.timeout(200).emitWithAck('quiet', 9);
      await assert.rejects(within(late, 2000, 'the timeout'), /operation has timed out/).finally(() => gateway.signal('SIGCONT'));
      assert.equal(await socket.emitWithAck('quiet', 10), 10);
    });

    test('a clean disconnect is seen by the server', async () => {
      const peer = await open({ transport, rooms: ['gone'] });
      const gone = new Promise((resolve) => peer.socket.on('disconnect', resolve));
      peer.socket.disconnect();
      assert.equal(await gone, 'io client disconnect');
    });

    test('volatile events arrive while the connection is idle', async () => {
      const [a, b] = [await open({ transport }), await open({ transport })];
      await waitFor(async () => {
        a.socket.volatile.emit('maybe', 1);
        return b.inbox.all.some((item) => item.event === 'maybe');
      }, 'a volatile event');
    });

    test('retries and ackTimeout deliver in order', async () => {
      const peer = await open({ transport, retries: 2, ackTimeout: 2000 });
      const acks = [];
      for (let i = 0; i < 5; i++) peer.socket.emit('quiet', i, (error, n) => acks.push(error ? 'error' : n));
      await waitFor(() => acks.length === 5, 'all acks');
      assert.deepEqual(acks, [0, 1, 2, 3, 4]);
    });
  });
}

function plainOf(value) {
  if (Buffer.isBuffer(value)) return { $binary: value.toString('base64') };
  if (Array.isArray(value)) return value.map(plainOf);
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plainOf(v)]));
  return value;
}

describe('namespaces', () => {
  test('two namespaces share one connection and keep apart', async () => {
    const manager = new Manager(base, { transports: ['websocket'], reconnection: false });
    const [main, admin] = [manager.socket('/'), manager.socket('/admin')];
    const heard = { main: [], admin: [] };
    main.on('n', (x) => heard.main.push(x));
    admin.on('n', (x) => heard.admin.push(x));
    await within(Promise.all([main, admin].map((s) => new Promise((r) => s.on('connect', r)))), 5000, 'both connect');
    assert.notEqual(main.id, admin.id);
    for (const socket of [main, admin]) await socket.emitWithAck('join', 'shared');
    await main.emitWithAck('publish', 'shared', 'n', 'main');
    await admin.emitWithAck('publish', 'shared', 'n', 'admin');
    await waitFor(() => heard.main.length + heard.admin.length === 2, 'both events');
    assert.deepEqual(heard, { main: ['main'], admin: ['admin'] });

    main.disconnect();
    assert.equal(admin.connected, true);
    assert.equal(await admin.emitWithAck('quiet', 'still here'), 'still here');
    main.connect();
    await within(new Promise((r) => main.on('connect', r)), 5000, 'main is back');
    admin.disconnect();
    main.disconnect();
  });

  test('io() multiplexes by itself', async () => {
    const main = io(base, { reconnection: false });
    const admin = io(`${base}/admin`, { reconnection: false });
    await within(Promise.all([main, admin].map((s) => new Promise((r) => s.on('connect', r)))), 5000, 'both connect');
    assert.equal(main.io, admin.io);
    main.disconnect();
    admin.disconnect();
  });

  test('an unknown namespace is a connect_error, the others work', async () => {
    const manager = new Manager(base, { reconnection: false });
    const [main, nope] = [manager.socket('/'), manager.socket('/nope')];
    const error = await within(new Promise((resolve) => nope.on('connect_error', resolve)), 5000, 'connect_error');
    assert.equal(error.message, 'Invalid namespace');
    await waitFor(() => main.connected, 'main connects');
    assert.equal(await main.emitWithAck('quiet', 1), 1);
    main.disconnect();
    nope.disconnect();
  });

  test('auth as object and as function', async () => {
    for (const auth of [{ token: 'x' }, (give) => give({ token: 'y' })]) {
      const peer = await open({ auth });
      peer.close();
    }
  });
});

describe('errors', () => {
  const CASES = [
    ['join', [''], 'bad_room_name'],
    ['join', [], 'bad_room_name'],
    ['join', [7], 'bad_room_name'],
    ['join', [{}], 'bad_room_name'],
    ['join', ['x'.repeat(257)], 'bad_room_name'],
    ['join', ['~node~x'], 'bad_room_name'],
    ['publish', ['', 'e'], 'bad_room_name'],
    ['publish', ['r'], 'bad_event_name'],
    ['publish', ['r', {}], 'bad_event_name'],
    ['publish', ['r', 'x'.repeat(257)], 'bad_event_name'],
    ['publish', ['r', 'disconnect'], 'reserved_event'],
    ['publish', ['r', '$connect'], 'reserved_event'],
  ];

  for (const [event, args, code] of CASES) {
    test(`${event} ${JSON.stringify(args).slice(0, 40)} is refused with ${code}`, async () => {
      const peer = await open();
      const [answer, ...rest] = await peer.ask(event, ...args);
      assert.equal(answer.ok, false);
      assert.equal(answer.error.code, code);
      assert.equal(typeof answer.error.message, 'string');
      assert.deepEqual(rest, []);
      assert.deepEqual(await peer.ask('quiet', 1), [1]);
    });
  }

  test('leaving a room without being in it is harmless', async () => {
    const peer = await open();
    await peer.leave('never');
  });

  test('joining twice is joining once', async () => {
    const peer = await open({ rooms: ['twice', 'twice'] });
    await peer.publish('twice', 'n', 1);
    await peer.publish('twice', 'n', 2);
    assert.deepEqual((await peer.heard('n')).args, [1]);
    assert.deepEqual((await peer.heard('n')).args, [2]);
  });
});

describe('reconnection', () => {
  for (const transport of TRANSPORTS) {
    test(`${transport}: the gateway is killed and comes back on the same port`, async () => {
      const mortal = await startGateway({ namespaces: { '/': { routes: { ...builtin, ...echo } } } });
      const peer = await SocketioPeer.open(mortal.base, {
        transport, reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 200 });
      const first = peer.id;
      const lost = new Promise((resolve) => peer.socket.on('disconnect', resolve));
      if (transport === 'upgrade') await waitFor(() => peer.transport === 'websocket', 'the upgrade');
      await mortal.kill();
      assert.match(await within(lost, 5000, 'disconnect'), /^transport (close|error)$/);
      await mortal.restart();
      await peer.connected();
      assert.notEqual(peer.id, first);
      await peer.join('again');
      await peer.publish('again', 'n', 1);
      assert.deepEqual((await peer.heard('n')).args, [1]);
      peer.close();
    });
  }
});
