// SPDX-License-Identifier: Apache-2.0
// Routes: every step, value, target and life-cycle event of a configuration, as clients see them.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { EngineSocket } from '../lib/engineio.mjs';
import { Gateway, startGateway, stopGateways } from '../lib/gateway.mjs';
import { closePeers, JsonPeer, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { builtin } from '../lib/routes.mjs';

const namespaces = {
  '/': {
    user_from_auth: 'name',
    routes: {
      ...builtin,
      'values': [{ ack: ['$0', '$1', '$id', '$user', '$auth', '$room', '$reason', '$event', 'literal', 7, null, { a: [true] }] }],
      'all': [{ ack: '$args' }],
      'rest': [{ ack: '$2..' }],
      'from one': [{ ack: ['first', '$1..', 'last'] }],
      'rooms': [{ ack: ['$rooms'] }],
      'escaped': [{ ack: ['$$id', '$$'] }],
      'nothing': [],
      'no ack step': [{ emit: 'seen', to: '$id' }],
      'join three': [{ join: 'fixed' }, { join: '$0' }, { join: '$1' }, { ack: ['$rooms'] }],
      'leave fixed': [{ leave: 'fixed' }, { ack: ['$rooms'] }],
      'join as user': [{ join: '$user' }, { ack: ['$rooms'] }],
      'to room': [{ emit: 'got', to: '$0', args: '$1..' }],
      'to fixed': [{ emit: 'got', to: 'fixed', args: '$args' }],
      'to all': [{ emit: 'got', to: '*', args: '$args' }],
      'to me': [{ emit: 'got', to: '$id', args: ['only you', '$args'] }],
      'to rooms': [{ emit: 'got', to: '$rooms', args: '$args' }],
      'to several': [{ emit: 'got', to: ['$0', '$1', 'fixed'], args: '$2..' }],
      'to rooms not me': [{ emit: 'got', to: '$rooms', except: '$id', args: ['$user', '$0'] }],
      'to all but room': [{ emit: 'got', to: '*', except: '$0', args: '$1..' }],
      'to all but many': [{ emit: 'got', to: '*', except: ['$0', '$1', '$id'], args: ['x'] }],
      'volatile': [{ emit: 'got', to: '$0', volatile: true, args: '$1..' }],
      'name from arg': [{ emit: '$0', to: '$id', args: '$1..' }, { ack: ['sent'] }],
      'two emits': [{ emit: 'a', to: '$id' }, { emit: 'b', to: '$id', args: [1] }, { ack: [] }],
      'rejected': [{ emit: 'before', to: '$id' }, { reject: 'not today' }, { emit: 'after', to: '$id' }, { ack: ['never'] }],
      'fails early': [{ join: '$0' }, { emit: 'got', to: '*', args: ['must not come'] }, { ack: ['never'] }],
      'ask': [{ request: 'question', to: '$0', args: '$1..' }],
      'ask and tell': [{ request: 'question', to: '$0', args: ['from', '$id'] }, { emit: 'asked', to: '$id', args: [true] }],
      '*': [{ reject: 'unknown event' }],
    },
  },
  '/life': {
    user_from_auth: 'name',
    routes: {
      ...builtin,
      $connect: [{ join: 'lobby' }, { join: '$user' }, { emit: 'came', to: 'lobby', except: '$id', args: ['$id', '$user', '$auth'] }],
      $disconnect: [{ emit: 'went', to: '$rooms', args: ['$id', '$user', '$reason', '$rooms'] }],
      $join: [{ emit: 'joined', to: '$room', args: ['$user', '$room'] }],
      $leave: [{ emit: 'left', to: '$room', args: ['$user', '$room'] }],
    },
  },
  '/fallback': { routes: { '*': [{ emit: 'anything', to: '$id', args: ['$event', '$args'] }, { ack: ['$event'] }] } },
};

let base;

before(async () => {
  ({ base } = await startGateway({ namespaces }));
});
afterEach(closePeers);
after(stopGateways);

const open = (options) => SocketioPeer.open(base, options);

/* The peers hear exactly these (events in order), and nothing before a fence. */
async function heard(peers, expected) {
  for (const [name, peer] of Object.entries(peers)) {
    await peer.ask('all');
    /* An ack comes after every publication that the gateway has accepted before; another fence through the bus
     * comes after those that it has not yet seen. */
    await peer.publish(peer.id, 'fence');
    const items = [];
    for (let item = await peer.inbox.next(); item.event !== 'fence'; item = await peer.inbox.next()) {
      items.push([item.event, ...item.args]);
    }
    assert.deepEqual(items, expected[name] ?? [], name);
  }
}

describe('values', () => {
  test('each kind in an ack', async () => {
    const peer = await open({ auth: { name: 'ann', x: 1.5 } });
    assert.deepEqual(await peer.ask('values', 'zero', { one: 1 }), ['zero', { one: 1 }, peer.id, 'ann', { name: 'ann', x: 1.5 },
      null, null, 'values', 'literal', 7, null, { a: [true] }]);
  });

  test('arguments that are not there are null, or nothing in a rest', async () => {
    const peer = await open();
    assert.deepEqual((await peer.ask('values')).slice(0, 5), [null, null, peer.id, null, null]);
    assert.deepEqual(await peer.ask('rest', 0, 1), []);
    assert.deepEqual(await peer.ask('rest', 0, 1, 2, 3), [2, 3]);
    assert.deepEqual(await peer.ask('from one', 'x'), ['first', 'last']);
    assert.deepEqual(await peer.ask('from one', 'x', 1, 2), ['first', 1, 2, 'last']);
    assert.deepEqual(await peer.ask('all'), []);
  });

  test('$$ is a literal $', async () => {
    assert.deepEqual(await (await open()).ask('escaped'), ['$id', '$']);
  });

  test('binary arguments keep their places', async () => {
    const peer = await open();
    const [a, b, c] = ['YQ==', 'Yg==', 'Yw=='].map(($binary) => ({ $binary }));
    assert.deepEqual(await peer.ask('all', Buffer.from('a'), { x: Buffer.from('b') }), [a, { x: b }]);
    assert.deepEqual(await peer.ask('rest', Buffer.from('a'), Buffer.from('b'), Buffer.from('c')), [c]);
    assert.deepEqual((await peer.ask('values', 1, [Buffer.from('b')])).slice(0, 2), [1, [b]]);
    assert.deepEqual(await peer.ask('from one', Buffer.from('a'), Buffer.from('b')), ['first', b, 'last']);
    assert.equal(peer.socket.connected, true);
  });

  test('$user only when the member is a string', async () => {
    for (const auth of [{ name: 7 }, { name: null }, { other: 'x' }, {}]) {
      const peer = await open({ auth });
      assert.equal((await peer.ask('values'))[3], null);
    }
    assert.equal((await (await open({ auth: { name: 'q"\u00e9' } })).ask('values'))[3], 'q"é');
  });

  test('$rooms is the rooms, without the client\'s own', async () => {
    const peer = await open();
    assert.deepEqual(await peer.ask('rooms'), [[]]);
    await peer.join('a"b');
    await peer.join('ü');
    assert.deepEqual((await peer.ask('rooms'))[0].sort(), ['a"b', 'ü']);
  });
});

describe('join and leave', () => {
  test('literal, argument and user', async () => {
    const peer = await open({ auth: { name: 'bob' } });
    assert.deepEqual((await peer.ask('join three', 'x', 'y'))[0].sort(), ['fixed', 'x', 'y']);
    assert.deepEqual((await peer.ask('leave fixed'))[0].sort(), ['x', 'y']);
    assert.deepEqual((await peer.ask('join as user'))[0].sort(), ['bob', 'x', 'y']);
  });

  test('a failed step ends the list, and the ack carries the error', async () => {
    const [peer, witness] = [await open(), await open()];
    const [answer] = await peer.ask('fails early', '');
    assert.equal(answer.error.code, 'bad_room_name');
    await heard({ peer, witness }, {});
  });

  test('$user that is not there cannot be joined', async () => {
    const [answer] = await (await open()).ask('join as user');
    assert.equal(answer.error.code, 'bad_room_name');
  });
});

describe('targets', () => {
  /* a in x and y, b in y and fixed, c nowhere. */
  async function three() {
    const [a, b, c] = [await open({ auth: { name: 'A' } }), await open({ auth: { name: 'B' } }), await open()];
    await a.join('x');
    await a.join('y');
    await b.join('y');
    await b.join('fixed');
    return { a, b, c };
  }

  /* [event, arguments (a function of the peers), who hears what] */
  const got = (...args) => [['got', ...args]];
  const CASES = [
    ['to room', () => ['x', 1, 'two'], { a: got(1, 'two') }],
    ['to room', () => ['empty room', 1], {}],
    ['to room', ({ b }) => [b.id, 'direct'], { b: got('direct') }],
    ['to fixed', () => [1, 2], { b: got(1, 2) }],
    ['to all', () => ['n'], { a: got('n'), b: got('n'), c: got('n') }],
    ['to me', () => [1, 2], { c: got('only you', 1, 2) }],
    ['to several', () => ['x', 'y', 'm'], { a: got('m'), b: got('m') }],
    ['to several', ({ c }) => ['x', c.id, 'm'], { a: got('m'), b: got('m'), c: got('m') }],
    ['to several', ({ a }) => ['x', a.id, 'm'], { a: got('m'), b: got('m') }],
    ['to several', () => ['x', 'x', 'm'], { a: got('m'), b: got('m') }],
    ['to all but room', () => ['y', 'n'], { c: got('n') }],
    ['to all but room', ({ b }) => [b.id, 'n'], { a: got('n'), c: got('n') }],
    ['to all but many', () => ['x', 'nobody'], { b: got('x') }],
  ];

  for (const [event, args, expected] of CASES) {
    test(`"${event}" → ${JSON.stringify(Object.keys(expected))}`, async () => {
      const peers = await three();
      peers.c.emit(event, ...args(peers));
      await peers.c.ask('all');
      await heard(peers, expected);
    });
  }

  test('$rooms: a client in two of them gets it once, the sender too', async () => {
    const peers = await three();
    peers.a.emit('to rooms', 'hello');
    await peers.a.ask('all');
    await heard(peers, { a: got('hello'), b: got('hello') });
  });

  test('$rooms except $id', async () => {
    const peers = await three();
    peers.a.emit('to rooms not me', 'typing');
    await peers.a.ask('all');
    await heard(peers, { b: got('A', 'typing') });
  });

  test('$rooms without rooms is nobody, and no error', async () => {
    const peers = await three();
    assert.deepEqual(await peers.c.ask('to rooms', 'x'), []);
    await heard(peers, {});
  });

  test('a client id of nobody', async () => {
    const peer = await open();
    const answer = await peer.ask('to room', '~no-such-gateway~AAAAAAAAAAAAAAAAAAAA', 1);
    assert.ok(answer.length === 0 || answer[0].error.code === 'gone', JSON.stringify(answer));
  });

  test('"*" from a client is a room of that name, not everybody', async () => {
    const peers = await three();
    peers.c.emit('to room', '*', 'no');
    await peers.c.ask('all');
    await heard(peers, {});
  });

  test('except and several rooms work for every dialect', async () => {
    const json = await JsonPeer.open(base, { rooms: ['x', 'y'] });
    const sse = await SsePeer.open(base, { rooms: ['x', 'y'], events: ['got', 'fence'] });
    const peer = await open();
    await peer.ask('to several', 'x', 'y', 'once');
    await peer.ask('to all but room', 'x', 'not these');
    await peer.publish('x', 'fence');
    for (const listener of [json, sse]) {
      assert.deepEqual((await listener.heard()).args, ['once']);
      assert.equal((await listener.heard()).event, 'fence');
    }
  });
});

describe('emit', () => {
  test('the name may come from an argument; reserved ones are refused', async () => {
    const peer = await open();
    assert.deepEqual(await peer.ask('name from arg', 'custom', 1), ['sent']);
    assert.deepEqual((await peer.heard('custom')).args, [1]);
    for (const name of ['disconnect', '$welcome']) {
      assert.equal((await peer.ask('name from arg', name))[0].error.code, 'reserved_event');
    }
    for (const name of [null, {}, undefined]) {
      assert.equal((await peer.ask('name from arg', name))[0].error.code, 'bad_event_name');
    }
  });

  test('several emits keep their order, before the ack', async () => {
    const peer = await open();
    assert.deepEqual(await peer.ask('two emits'), []);
    await heard({ peer }, { peer: [['a'], ['b', 1]] });
  });

  test('a list without an ack step, or without steps, is acked empty', async () => {
    const peer = await open();
    assert.deepEqual(await peer.ask('nothing'), []);
    assert.deepEqual(await peer.ask('no ack step'), []);
  });

  test('volatile events in a burst reach a client that keeps up', async () => {
    const [peer, sender] = [await open({ rooms: ['v'] }), await open()];
    const acks = [];
    for (let i = 0; i < 20; i++) acks.push(sender.ask('volatile', 'v', i));
    await Promise.all(acks);
    await heard({ peer }, { peer: Array.from({ length: 20 }, (_, i) => ['got', i]) });
  });
});

describe('reject', () => {
  test('ends the list with the text; what came before was done', async () => {
    const peer = await open();
    const [answer] = await peer.ask('rejected');
    assert.deepEqual(answer, { ok: false, error: { code: 'rejected', message: 'not today' } });
    await heard({ peer }, { peer: [['before']] });
  });

  test('"*" catches what has no route', async () => {
    const peer = await open();
    const [answer] = await peer.ask('never heard of', 1);
    assert.deepEqual(answer, { ok: false, error: { code: 'rejected', message: 'unknown event' } });
    peer.emit('never heard of');
    assert.deepEqual(await peer.ask('all', 1), [1]);
    const json = await JsonPeer.open(base);
    assert.deepEqual((await json.request({ event: 'what' })).error, { code: 'rejected', message: 'unknown event' });
  });

  test('"*" with $event and $args', async () => {
    const peer = await open({ ns: '' });
    const other = await SocketioPeer.open(base, { ns: '/fallback' });
    assert.deepEqual(await other.ask('whatever', 1, 2), ['whatever']);
    assert.deepEqual((await other.heard('anything')).args, ['whatever', 1, 2]);
    peer.close();
  });
});

describe('request', () => {
  test('the answer of one client is the ack of the asker', async () => {
    const [asker, asked] = [await open(), await open()];
    asked.socket.on('question', (...args) => args.pop()('answer', ...args, Buffer.from([1])));
    assert.deepEqual(await asker.ask('ask', asked.id, 'how', { are: 'you' }), ['answer', 'how', { are: 'you' }, { $binary: 'AQ==' }]);
  });

  test('values in the question, and steps after it', async () => {
    const [asker, asked] = [await open(), await open()];
    asked.socket.on('question', (...args) => args.pop()(args));
    assert.deepEqual(await asker.ask('ask and tell', asked.id), [['from', asker.id]]);
    await asker.heard('asked');
  });

  test('nobody there: gone', async () => {
    const asker = await open();
    const left = await open();
    const { id } = left;
    left.close();
    for (const target of ['~x~y', `~${'n'.repeat(20)}~AAAAAAAAAAAAAAAAAAAA`, id, 'room', '']) {
      const [answer] = await asker.ask('ask', target, 1);
      assert.match(answer.error.code, /^(gone|bad_room_name|timeout)$/, target);
    }
  });

  test('no answer: timeout', async () => {
    const { base: fast } = await startGateway({ namespaces, settings: { request_timeout_ms: 150 } });
    const [asker, silent] = [await SocketioPeer.open(fast), await SocketioPeer.open(fast)];
    const [answer] = await asker.ask('ask', silent.id, 1);
    assert.equal(answer.error.code, 'timeout');
  });

  test('the asked client leaves: an error comes at once', async () => {
    const [asker, asked] = [await open(), await open()];
    asked.socket.on('question', () => asked.socket.disconnect());
    const start = Date.now();
    const [answer] = await asker.ask('ask', asked.id, 1);
    assert.match(answer.error.code, /^(gone|timeout)$/);
    assert.ok(Date.now() - start < 5000);
  });

  test('an SSE stream cannot be asked', async () => {
    const asker = await open({ rooms: ['r'] });
    const [answer] = await asker.ask('ask', 'r', 1);
    assert.ok(answer.error);
  });
});

describe('life cycle', () => {
  const life = (name) => SocketioPeer.open(base, { ns: '/life', auth: { name } });

  test('$connect joins and tells, $join, $leave and $disconnect tell', async () => {
    const ann = await life('ann');
    assert.deepEqual((await ann.heard('joined')).args, ['ann', 'lobby']);
    assert.deepEqual((await ann.heard('joined')).args, ['ann', 'ann']);
    const bob = await life('bob');
    const news = [await ann.heard(), await ann.heard()];
    assert.deepEqual(news.find((n) => n.event === 'came').args, [bob.id, 'bob', { name: 'bob' }]);
    assert.deepEqual(news.find((n) => n.event === 'joined').args, ['bob', 'lobby']);
    await ann.join('extra');
    assert.deepEqual((await ann.heard('joined')).args, ['ann', 'extra']);
    await bob.join('extra');
    assert.deepEqual((await ann.heard('joined')).args, ['bob', 'extra']);
    await bob.leave('extra');
    assert.deepEqual((await ann.heard('left')).args, ['bob', 'extra']);
    const { id } = bob;
    bob.close();
    const [gone, user, reason, rooms] = (await ann.heard('went')).args;
    assert.deepEqual([gone, user, rooms.sort()], [id, 'bob', ['bob', 'lobby']]);
    assert.equal(typeof reason, 'string');
    assert.deepEqual((await ann.heard('left')).args, ['bob', 'lobby']);
  });

  test('a lost connection runs $disconnect too', async () => {
    const ann = await life('ann');
    const eve = await EngineSocket.open(base);
    const { sid } = JSON.parse((await eve.connect('/life', '{"name":"eve"}')).slice('40/life,'.length));
    assert.equal((await ann.heard('came')).args[0], sid);
    eve.terminate();
    assert.equal((await ann.heard('went')).args[0], sid);
  });

  test('a step that fails ends the list of a life-cycle event too', async () => {
    const ann = await life('ann');
    await JsonPeer.open(base, { query: '?ns=/life' }); /* no user: its second step cannot be done */
    assert.deepEqual((await ann.heard('joined')).args, ['ann', 'lobby']);
    assert.deepEqual((await ann.heard('joined')).args, ['ann', 'ann']);
    assert.deepEqual((await ann.heard('joined')).args, [null, 'lobby']);
    await ann.publish('ann', 'fence');
    assert.equal((await ann.heard()).event, 'fence');
  });

  test('joining again or leaving what one is not in tells nobody', async () => {
    const ann = await life('ann');
    await ann.join('once');
    await ann.join('once');
    await ann.leave('never');
    await ann.leave('once');
    await ann.publish('ann', 'fence');
    const events = [];
    for (let item = await ann.heard(); item.event !== 'fence'; item = await ann.heard()) events.push([item.event, item.args[1]]);
    assert.equal(events.filter(([event, room]) => event === 'joined' && room === 'once').length, 1);
    assert.deepEqual(events.filter(([event]) => event === 'left'), []);
  });
});

describe('reloading', () => {
  test('SIGHUP takes new routes for clients that are connected', async () => {
    const { configFile } = await import('../lib/gateway.mjs');
    const { writeFileSync } = await import('node:fs');
    const { waitFor } = await import('../lib/wait.mjs');
    const file = configFile({ namespaces: { '/': { routes: { v: [{ ack: [1] }] } } } });
    const gateway = await Gateway.start({ config: file });
    const peer = await SocketioPeer.open(gateway.base);
    assert.deepEqual(await peer.ask('v'), [1]);
    writeFileSync(file, JSON.stringify({ namespaces: { '/': { routes: { v: [{ ack: [2] }] } } } }));
    gateway.signal('SIGHUP');
    await waitFor(async () => (await peer.ask('v'))[0] === 2, 'the new route');
    writeFileSync(file, '{"namespaces": {"/": {"routes": {"v": [{"joni": 1}]}}}}');
    gateway.signal('SIGHUP');
    await waitFor(() => gateway.log.includes('joni'), 'the log names what is wrong');
    assert.deepEqual(await peer.ask('v'), [2]);
  });
});
