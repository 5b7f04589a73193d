// SPDX-License-Identifier: Apache-2.0
// The JSON dialect at /ws: greeting, acks, errors, namespaces, authentication, and what closes it.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { OP, RawSocket } from '../lib/rawsocket.mjs';
import { closePeers, JsonPeer, SocketioPeer } from '../lib/peers.mjs';
import { builtin, echo } from '../lib/routes.mjs';
import { waitFor } from '../lib/wait.mjs';

const extra = {
  whoami: [{ ack: ['$id', '$user', '$auth'] }],
  askme: [{ request: 'question', to: '$id', args: '$args' }],
};
const routes = { ...builtin, ...echo, ...extra };
let base;
let gateway;

before(async () => {
  const main = { routes, user_from_auth: 'name' };
  gateway = await startGateway({ namespaces: { '/': main, '/admin': main }, settings: { node_id: 'json-node' } });
  base = gateway.base;
});
afterEach(closePeers);
after(stopGateways);

test('the first message is $welcome with the id and the node', async () => {
  const peer = await JsonPeer.open(base);
  assert.equal(peer.welcome.node, 'json-node');
  assert.match(peer.welcome.id, /^~json-node~/);
});

test('an ack carries the number that was sent, also without arguments', async () => {
  const peer = await JsonPeer.open(base);
  peer.sendText('{"event":"quiet","args":[1,{"a":[2]}],"ack":0}');
  assert.deepEqual((await peer.inbox.next()).raw, { ack: 0, args: [1, { a: [2] }] });
  peer.sendText('{"ack":123456,"event":"quiet"}');
  assert.deepEqual((await peer.inbox.next()).raw, { ack: 123456, args: [] });
});

test('arguments pass byte for byte', async () => {
  const peer = await JsonPeer.open(base);
  for (const text of ['1.0', '1e5', '{"b":1,"a":2}', '"\\u00e9\\/"', '[ 1 , 2 ]', '12345678901234567890']) {
    peer.sendText(`{"event":"echo","args":[${text}]}`);
    const { text: got } = await peer.inbox.next();
    assert.ok(got.includes(`"args":[${text}]`), got);
  }
});

test('members may stand in any order and unknown ones are ignored', async () => {
  const peer = await JsonPeer.open(base);
  peer.sendText(' { "more" : {"x":[1]} , "ack" : 3 , "args" : [ 5 ] , "event" : "quiet" } ');
  assert.deepEqual((await peer.inbox.next()).raw, { ack: 3, args: [5] });
});

test('an escaped event name is the same name', async () => {
  const peer = await JsonPeer.open(base);
  peer.sendText('{"event":"\\u0071uiet","args":[1],"ack":1}');
  assert.deepEqual((await peer.inbox.next()).raw, { ack: 1, args: [1] });
});

/* [message, code]: refused, the connection stays. */
const REFUSED = [
  ['{}', 'bad_event_name'],
  ['{"args":[1]}', 'bad_event_name'],
  ['{"event":7}', 'bad_event_name'],
  ['{"event":null}', 'bad_event_name'],
  ['{"event":"quiet","args":{}}', 'bad_request'],
  ['{"event":"quiet","args":"x"}', 'bad_request'],
  ['{"event":"quiet","ack":"x"}', 'bad_request'],
  ['{"event":"quiet","ack":-1}', 'bad_request'],
  ['{"event":"quiet","ack":1.5}', 'bad_request'],
  ['{"event":"quiet","ns":7}', 'invalid_namespace'],
  ['{"event":"quiet","ns":"/admin"}', 'not_connected'],
  ['{"event":"quiet","ns":"/nope"}', 'not_connected'],
  ['{"event":"join","args":[""]}', 'bad_room_name'],
  ['{"event":"join","args":["~x"]}', 'bad_room_name'],
  ['{"event":"join"}', 'bad_room_name'],
  ['{"event":"publish","args":["r"]}', 'bad_event_name'],
  ['{"event":"publish","args":["r","connect"]}', 'reserved_event'],
  ['{"event":"$connect","args":[7]}', 'bad_request'],
  ['{"event":"$connect","ns":"/nope"}', 'invalid_namespace'],
  ['{"event":"$nothing"}', 'reserved_event'],
  [`{"event":"${'x'.repeat(257)}"}`, 'bad_event_name'],
  ['{"event":"quiet","args":[{"$binary":"not base64!"}]}', /bad_request|parse_error/],
];

for (const [message, code] of REFUSED) {
  test(`${message.slice(0, 60)} is refused with ${code}`, async () => {
    const peer = await JsonPeer.open(base);
    peer.sendText('{"event":"quiet"}');
    peer.sendText(message);
    const { raw } = await peer.inbox.next();
    assert.match(raw.error.code, new RegExp(`^(${code.source ?? code})$`));
    assert.ok(raw.error.message.length > 3);
    assert.deepEqual(await peer.ask('quiet', 1), [1]);
  });
}

test('a refused event with an ack is answered under it', async () => {
  const peer = await JsonPeer.open(base);
  const answer = await peer.request({ event: 'join', args: [''] });
  assert.equal(answer.error.code, 'bad_room_name');
  assert.equal('args' in answer, false);
});

test('a message that is refused before it is an event is answered under its ack too', async () => {
  const peer = await JsonPeer.open(base);
  for (const text of ['{"event":"quiet","args":{},"ack":5}', '{"ns":7,"event":"quiet","ack":5}', '{"event":7,"ack":5}']) {
    peer.sendText(text);
    const { raw } = await peer.inbox.next();
    assert.equal(raw.ack, 5, `${text}: ${JSON.stringify(raw)}`);
    assert.ok(raw.error);
  }
});

/* Not one JSON object: told why, then closed with 1007. */
for (const message of ['', 'hello', '[]', '"x"', 'null', '{', '{"event":}', '{"event":"a"}x', '{"event":"a",}', "{'event':'a'}",
  '{"event":"a"}{"event":"b"}', `{"event":"a","args":${'['.repeat(70)}${']'.repeat(70)}}`]) {
  test(`${message.slice(0, 30) || 'an empty message'} closes with 1007`, async () => {
    const peer = await JsonPeer.open(base);
    peer.sendText(message);
    const { raw } = await peer.inbox.next();
    assert.match(raw.error.code, /^(parse_error|too_deep)$/);
    assert.equal((await peer.closed).code, 1007);
  });
}

test('a binary message closes with 1007', async () => {
  const peer = await JsonPeer.open(base);
  peer.ws.send(Buffer.from('{"event":"quiet"}'));
  assert.equal((await peer.closed).code, 1007);
});

test('invalid UTF-8 closes with 1007', async () => {
  const raw = await RawSocket.open(gateway.port, '/ws');
  raw.send(OP.TEXT, Buffer.from([0x7b, 0xff, 0x7d]));
  assert.equal(await raw.closeCode(), 1007);
});

test('the reason stands in the close frame', async () => {
  const peer = await JsonPeer.open(base);
  peer.sendText('x');
  assert.match((await peer.closed).reason, /malformed|parse/);
});

describe('namespaces', () => {
  test('?ns= chooses one, and messages say which when it is not /', async () => {
    const peer = await JsonPeer.open(base, { query: '?ns=/admin', rooms: ['r'] });
    await peer.publish('r', 'n', 1);
    assert.deepEqual((await peer.heard('n')).raw, { event: 'n', args: [1], room: 'r', ns: '/admin' });
  });

  test('rooms of two namespaces are two rooms', async () => {
    const [main, admin] = [await JsonPeer.open(base, { rooms: ['same'] }), await JsonPeer.open(base, { query: '?ns=%2Fadmin', rooms: ['same'] })];
    await main.publish('same', 'n', 'main');
    await admin.publish('same', 'n', 'admin');
    assert.deepEqual((await main.heard('n')).args, ['main']);
    assert.deepEqual((await admin.heard('n')).args, ['admin']);
    assert.deepEqual(main.inbox.rest, []);
  });

  test('$connect joins another one on the same connection, $disconnect leaves it', async () => {
    const peer = await JsonPeer.open(base);
    await peer.ask('quiet');
    const answer = await peer.request({ event: '$connect', ns: '/admin', args: [{ name: 'ann' }] });
    assert.equal(answer.args[0].node, 'json-node');
    assert.equal((await peer.inbox.find((i) => i.event === '$welcome')).raw.ns, '/admin');
    const who = await peer.request({ event: 'whoami', ns: '/admin', args: [] });
    assert.deepEqual(who.args, [answer.args[0].id, 'ann', { name: 'ann' }]);
    assert.equal((await peer.request({ event: '$connect', ns: '/admin' })).error.code, 'already_connected');
    assert.deepEqual((await peer.request({ event: '$disconnect', ns: '/admin' })).args, []);
    assert.equal((await peer.request({ event: 'whoami', ns: '/admin' })).error.code, 'not_connected');
    assert.deepEqual(await peer.ask('quiet', 1), [1]);
  });

  test('leaving the last namespace closes the connection with 1000', async () => {
    const peer = await JsonPeer.open(base);
    peer.emit('$disconnect');
    assert.equal((await peer.closed).code, 1000);
  });

  test('an unknown namespace is refused with 404 before the connection is a WebSocket', async () => {
    await assert.rejects(JsonPeer.open(base, { query: '?ns=/nope' }), /404/);
  });
});

describe('authentication', () => {
  const who = async (options) => (await JsonPeer.open(base, options)).ask('whoami');

  test('without any it is null', async () => {
    const [, user, auth] = await who();
    assert.deepEqual([user, auth], [null, null]);
  });

  test('as the first message, $connect', async () => {
    const peer = await JsonPeer.open(base);
    const answer = await peer.ask('$connect', { name: 'bob', token: 't' });
    assert.equal(answer[0].id, peer.id);
    assert.deepEqual((await peer.ask('whoami')).slice(1), ['bob', { name: 'bob', token: 't' }]);
  });

  test('only as the first message', async () => {
    const peer = await JsonPeer.open(base);
    await peer.ask('quiet');
    const answer = await peer.request({ event: '$connect', args: [{ name: 'eve' }] });
    assert.equal(answer.error.code, 'already_connected');
    assert.equal((await peer.ask('whoami'))[1], null);
  });

  test('as ?token= and as Authorization: Bearer', async () => {
    assert.deepEqual((await who({ query: '?token=a%20b' }))[2], { token: 'a b' });
    assert.deepEqual((await who({ headers: { Authorization: 'Bearer xyz' } }))[2], { token: 'xyz' });
  });
});

describe('being asked', () => {
  test('a JSON client is asked and answers', async () => {
    const peer = await JsonPeer.open(base);
    const answer = peer.request({ event: 'askme', args: ['how many?'] });
    const { raw } = await peer.heard('question');
    assert.deepEqual(raw.args, ['how many?']);
    peer.sendText(JSON.stringify({ ack: raw.ack, args: [42, { $binary: 'AQI=' }] }));
    assert.deepEqual((await answer).args, [42, { $binary: 'AQI=' }]);
  });

  test('answers that nobody awaits are ignored', async () => {
    const peer = await JsonPeer.open(base);
    peer.sendText('{"ack":999,"args":[1]}');
    assert.deepEqual(await peer.ask('quiet', 1), [1]);
  });
});

test('a Socket.IO client and a JSON client talk through a room, with binary', async () => {
  const [a, b] = [await SocketioPeer.open(base, { rooms: ['talk'] }), await JsonPeer.open(base, { rooms: ['talk'] })];
  await a.publish('talk', 'n', Buffer.from([1, 2, 3]));
  assert.deepEqual((await b.heard('n')).args, [{ $binary: 'AQID' }]);
  await b.publish('talk', 'm', { deep: [{ $binary: 'BAUG' }] });
  assert.deepEqual((await a.heard('m')).args, [{ deep: [{ $binary: 'BAUG' }] }]);
});

test('WebSocket pings keep the connection, a client that does not answer them is closed', async () => {
  const strict = await startGateway({ settings: { ping_interval_ms: 200, ping_timeout_ms: 200 } });
  const good = await JsonPeer.open(strict.base);
  const deaf = await RawSocket.open(strict.port, '/ws'); /* answers no pings */
  const ping = await deaf.frames.find((f) => f.opcode === OP.PING);
  assert.ok(ping);
  await deaf.closed;
  assert.equal(good.ws.readyState, 1);
  await waitFor(() => good.ask('publish', 'r', 'n'), 'the good one is alive');
  await strict.metricIs('closes_total', 'reason="ping_timeout"', 1);
});
