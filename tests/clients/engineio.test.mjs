// SPDX-License-Identifier: Apache-2.0
// Engine.IO v4 over HTTP as a raw peer sees it: error answers, handshakes, polling payloads, the rules for overlapping
// requests, and closing. The behaviour of engine.io 6.6 is the reference; where it is an accident, both ways pass.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import http from 'node:http';
import { Polling, EngineSocket } from '../lib/engineio.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { begin, exchange, fetchHttp } from '../lib/http.mjs';
import { testNamespaces } from '../lib/routes.mjs';
import { waitFor, within } from '../lib/wait.mjs';

const MAX = 20_000;
let gateway;
let base;

before(async () => {
  gateway = await startGateway({ namespaces: testNamespaces, settings: { max_message_bytes: MAX } });
  base = gateway.base;
});
after(stopGateways);

const ERRORS = [
  'Transport unknown', 'Session ID unknown', 'Bad handshake method', 'Bad request', 'Forbidden',
  'Unsupported protocol version',
];

/* [query, method, code], in the order of the server's checks: each row is also wrong in what is checked later. */
const BAD_REQUESTS = [
  ['EIO=4', 'GET', 0],
  ['EIO=4&transport=', 'GET', 0],
  ['EIO=4&transport=webtransport', 'GET', 0],
  ['EIO=4&transport=Polling', 'GET', 0],
  ['EIO=3&transport=tcp&sid=unknown', 'POST', 0],
  ['EIO=4&transport=polling&sid=unknown', 'GET', 1],
  ['EIO=4&transport=polling&sid=unknown', 'POST', 1],
  ['EIO=3&transport=polling&sid=unknown', 'PUT', 1],
  ['EIO=4&transport=websocket&sid=unknown', 'GET', 1],
  ['EIO=4&transport=polling', 'POST', 2],
  ['EIO=4&transport=polling', 'PUT', 2],
  ['EIO=4&transport=polling', 'DELETE', 2],
  ['EIO=4&transport=polling', 'OPTIONS', 2],
  ['EIO=3&transport=websocket', 'POST', 2],
  ['EIO=4&transport=websocket', 'GET', 3],
  ['EIO=3&transport=websocket', 'GET', 3],
  ['EIO=3&transport=polling', 'GET', 5],
  ['EIO=5&transport=polling', 'GET', 5],
  ['EIO=44&transport=polling', 'GET', 5],
  ['EIO=&transport=polling', 'GET', 5],
  ['transport=polling', 'GET', 5],
];

for (const [query, method, code] of BAD_REQUESTS) {
  test(`${method} ?${query} is refused with code ${code}`, async () => {
    const body = method === 'GET' || method === 'OPTIONS' ? undefined : '40';
    const answer = await fetchHttp(`${base}/socket.io/?${query}`, { method, body });
    assert.equal(answer.status, 400);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.equal(answer.text, JSON.stringify({ code, message: ERRORS[code] }));
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  });
}

test('a request for a session with another protocol revision is refused with code 3', async () => {
  const session = await Polling.open(base);
  const answer = await fetchHttp(session.url().replace('EIO=4', 'EIO=3'));
  assert.equal(answer.status, 400);
  assert.deepEqual(JSON.parse(answer.text), { code: 3, message: 'Bad request' });
  await session.connect();
  await session.alive();
});

test('a plain request with transport=websocket for a polling session is refused with code 3', async () => {
  const session = await Polling.open(base);
  const answer = await fetchHttp(session.url().replace('transport=polling', 'transport=websocket'));
  assert.equal(answer.status, 400);
  assert.deepEqual(JSON.parse(answer.text), { code: 3, message: 'Bad request' });
  await session.connect();
  await session.alive();
});

test('without the slash the path is not found', async () => {
  const answer = await fetchHttp(`${base}/socket.io?EIO=4&transport=polling`);
  assert.equal(answer.status, 404);
});

const HANDSHAKE_QUERIES = ['', '&sid=', '&t=41rcq2zd', '&b64=1', '&token=b%20ar&x', '&foo=%zz'];

for (const query of HANDSHAKE_QUERIES) {
  test(`polling handshake with "${query}"`, async () => {
    const answer = await fetchHttp(`${base}/socket.io/?EIO=4&transport=polling${query}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-type'].toLowerCase(), 'text/plain; charset=utf-8');
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.equal(answer.text[0], '0');
    const handshake = JSON.parse(answer.text.slice(1));
    assert.deepEqual(Object.keys(handshake).sort(), ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades']);
    assert.deepEqual(handshake.upgrades, ['websocket']);
    assert.equal(handshake.pingInterval, 25_000);
    assert.equal(handshake.pingTimeout, 20_000);
    assert.equal(handshake.maxPayload, MAX);
    assert.match(handshake.sid, /^[A-Za-z0-9_.~-]{16,64}$/);
  });
}

test('application parameters may stand before the protocol\'s', async () => {
  const answer = await fetchHttp(`${base}/socket.io/?foo=b%20ar&EIO=4&transport=polling`);
  assert.equal(answer.status, 200);
});

test('session ids are never the same, and never the public client id', async () => {
  const sessions = [];
  for (let i = 0; i < 20; i++) sessions.push(await Polling.open(base));
  const sids = new Set(sessions.map((session) => session.sid));
  assert.equal(sids.size, 20);
  const { sid } = JSON.parse((await sessions[0].connect()).slice(2));
  assert.ok(!sids.has(sid));
});

test('a client cannot choose its session id: the affinity header counts from trusted proxies alone', async () => {
  const chosen = 'chosenbytheclient0000000';
  const answer = await fetchHttp(`${base}/socket.io/?EIO=4&transport=polling`, { headers: { 'X-Roomcast-Affinity': chosen } });
  assert.notEqual(JSON.parse(answer.text.slice(1)).sid, chosen);
  const socket = await EngineSocket.open(base, { headers: { 'X-Roomcast-Affinity': chosen } });
  assert.notEqual(socket.sid, chosen);
  socket.terminate();
});

test('several packets in one POST are handled in order', async () => {
  const session = await Polling.open(base);
  assert.match(await session.connect(), /^40\{"sid":"[^"]+"\}$/);
  await session.send('421["quiet",1]', '422["quiet",2]', '423["quiet",3]');
  assert.deepEqual(await session.receive(3), ['431[1]', '432[2]', '433[3]']);
});

test('answers that wait are sent together, separated by 0x1e', async () => {
  const session = await Polling.open(base);
  await session.connect();
  await session.send('421["quiet"]', '422["quiet"]');
  const answer = await session.get();
  assert.equal(answer.text, '431[]\x1e432[]');
  assert.equal(answer.headers['content-type'].toLowerCase(), 'text/plain; charset=utf-8');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(Number(answer.headers['content-length']), answer.body.length);
});

test('POST is answered "ok"', async () => {
  const session = await Polling.open(base);
  const answer = await session.post('40');
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'ok');
  assert.match(answer.headers['content-type'], /^text\/html/);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['content-length'], '2');
});

test('non-ASCII text goes both ways', async () => {
  const session = await Polling.open(base);
  await session.connect();
  await session.send('421["quiet","é€😀\u2028"]');
  const [packet] = await session.receive();
  assert.equal(packet, '431["é€😀\u2028"]');
});

test('a large answer is whole, whether or not the client takes gzip', async () => {
  const session = await Polling.open(base);
  await session.connect();
  const text = 'x'.repeat(10_000);
  await session.send(`421["quiet","${text}"]`);
  const answer = await session.get();
  assert.equal(answer.text, `431["${text}"]`);
});

test('a binary event in one POST comes back as b and base64', async () => {
  const session = await Polling.open(base);
  await session.connect();
  await session.send('451-7["quiet",{"_placeholder":true,"num":0}]', 'bAQIDBA==');
  assert.deepEqual(await session.receive(2), ['461-7[{"_placeholder":true,"num":0}]', 'bAQIDBA==']);
});

test('a binary event may be split over several POSTs', async () => {
  const session = await Polling.open(base);
  await session.connect();
  const placeholder = (num) => `{"_placeholder":true,"num":${num}}`;
  await session.send(`452-7["quiet",${placeholder(0)},${placeholder(1)}]`);
  await session.send('bAQ==');
  await session.send('bAgM=');
  assert.deepEqual(await session.receive(3), [`462-7[${placeholder(0)},${placeholder(1)}]`, 'bAQ==', 'bAgM=']);
});

test('b64=1 makes a WebSocket session receive binary as base64 text', async () => {
  const socket = await EngineSocket.open(base, { query: '&b64=1' });
  await socket.connect();
  socket.send('451-7["quiet",{"_placeholder":true,"num":0}]', Buffer.from([1, 2, 3, 4]));
  assert.equal(await socket.next(), '461-7[{"_placeholder":true,"num":0}]');
  assert.equal(await socket.next(), 'bAQIDBA==');
  socket.terminate();
});

test('a body of exactly maxPayload bytes is accepted, one byte more is 413 and the session stays', async () => {
  const session = await Polling.open(base);
  await session.connect();
  const fill = (size) => `421["quiet","${'x'.repeat(size - '421["quiet",""]'.length)}"]`;
  await session.send(fill(MAX));
  assert.equal((await session.receive())[0].length, MAX - '"quiet",'.length);
  const answer = await session.post(fill(MAX + 1));
  assert.equal(answer.status, 413);
  await session.alive();
});

test('a chunked body above maxPayload is 413', async () => {
  const session = await Polling.open(base);
  await session.connect();
  const answer = await session.post('x'.repeat(MAX + 1), { headers: { 'Transfer-Encoding': 'chunked' } });
  assert.ok([413, 411, 400].includes(answer.status), String(answer.status));
});

test('a chunked body is accepted, or refused clearly', async () => {
  const session = await Polling.open(base);
  const answer = await session.post('40', { headers: { 'Transfer-Encoding': 'chunked' } });
  if (answer.status === 200) await session.alive();
  else assert.ok([400, 411, 501].includes(answer.status), String(answer.status));
});

/* Bodies that end the session: the POST may be answered 200 or 400. */
const KILLING_BODIES = [
  ['an empty body', ''],
  ['an unknown packet type', '9hello'],
  ['not a digit', 'abc'],
  ['a separator at the end', '40\x1e'],
  ['two separators', '40\x1e\x1e421["quiet"]'],
  ['a ping', '2'],
  ['a bad packet after a good one', '40\x1ex'],
  ['a malformed event', '40\x1e42["quiet"'],
  ['invalid UTF-8', Buffer.from([0x34, 0x32, 0x5b, 0x22, 0xff, 0xfe, 0x22, 0x5d])],
];

for (const [name, body] of KILLING_BODIES) {
  test(`POST with ${name} ends the session`, async () => {
    const session = await Polling.open(base);
    const answer = await session.post(body, { headers: { 'Content-Length': Buffer.byteLength(body) } });
    assert.ok([200, 400].includes(answer.status), String(answer.status));
    await session.gone();
  });
}

test('POST as application/octet-stream is refused with 400 and ends the session', async () => {
  const session = await Polling.open(base);
  const answer = await session.post('40', { headers: { 'Content-Type': 'application/octet-stream' } });
  assert.equal(answer.status, 400);
  await session.gone();
});

const HARMLESS_PACKETS = ['0', '0{"sid":"x"}', '3', '3late', '5', '6', '6noop'];

for (const packet of HARMLESS_PACKETS) {
  test(`packet ${packet} in the middle of a session is ignored`, async () => {
    const session = await Polling.open(base);
    await session.connect();
    await session.send(packet);
    await session.alive();
  });
}

test('another method is refused, the session stays', async () => {
  const session = await Polling.open(base);
  await session.connect();
  for (const method of ['PUT', 'DELETE', 'PATCH']) {
    const answer = await fetchHttp(session.url(), { method, body: 'x' });
    assert.ok(answer.status >= 400, String(answer.status));
  }
  await session.alive();
});

test('a poll with nothing to send is held until there is something', async () => {
  const session = await Polling.open(base);
  await session.connect();
  const poll = session.hold();
  let answered = false;
  poll.answer.then(() => { answered = true; });
  await session.send('3');
  assert.equal(answered, false);
  await session.send('421["quiet"]');
  const answer = await within(poll.answer, 2000, 'the held poll');
  assert.equal(answer.text, '431[]');
});

test('polls and posts come over many connections, or all over one', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const session = await Polling.open(base);
  const one = (options) => within(begin(session.url(), { agent, ...options }).answer, 5000, 'answer');
  assert.equal((await one({ method: 'POST', body: '40' })).text, 'ok');
  assert.match((await one({})).text, /^40/);
  for (let i = 0; i < 20; i++) {
    assert.equal((await one({ method: 'POST', body: `42${i}["quiet"]` })).text, 'ok');
    assert.equal((await one({})).text, `43${i}[]`);
  }
  agent.destroy();
});

test('a second poll ends the session: the first gets "1", the second 400', async () => {
  const session = await Polling.open(base);
  await session.connect();
  const first = session.hold();
  await waitFor(() => first.request.socket?.connecting === false, 'the first poll is connected');
  await session.send('3'); /* answered, so the poll before it was read too */
  const second = await session.get();
  assert.equal(second.status, 400);
  const answer = await within(first.answer, 2000, 'the first poll');
  assert.equal(answer.status, 200);
  assert.equal(answer.text, '1');
  await session.gone();
});

test('a second POST while the first is incomplete ends the session', async () => {
  const session = await Polling.open(base);
  await session.connect();
  const headers = { 'Content-Type': 'text/plain;charset=UTF-8', 'Content-Length': 100 };
  const first = begin(session.url(), { method: 'POST', headers, body: '42', open: true });
  const outcome = first.answer.then((answer) => answer.status, (error) => error.code);
  await waitFor(() => first.request.socket?.bytesWritten > 0, 'the first POST is under way');
  /* The two connections race: until the server has seen the first, the second is the only one. */
  await waitFor(async () => (await session.post('3')).status === 400, 'the second POST is refused', 5000, 50);
  const result = await within(outcome, 2000, 'the first POST ends');
  assert.ok(result === 'ECONNRESET' || result === 400, String(result));
  await session.gone();
});

test('a poll that the client aborts ends the session', async () => {
  const session = await Polling.open(base);
  await session.connect();
  const poll = session.hold();
  await session.send('3');
  poll.abort();
  await waitFor(async () => (await fetchHttp(session.url('&x'), { method: 'POST', body: '3' })).status === 400,
    'the session is gone', 5000);
});

test('a POST that the client aborts ends the session', async () => {
  const session = await Polling.open(base);
  await session.connect();
  const headers = { 'Content-Type': 'text/plain;charset=UTF-8', 'Content-Length': 100 };
  const post = begin(session.url(), { method: 'POST', headers, body: '42["a', open: true });
  await waitFor(() => post.request.socket?.bytesWritten > 0, 'the POST is under way');
  const poll = session.hold();
  poll.answer.catch(() => {});
  post.abort();
  await within(poll.answer.catch(() => {}), 5000, 'the poll is answered');
  await session.gone();
});

test('the client closes with packet 1: the pending poll gets 6', async () => {
  const session = await Polling.open(base);
  await session.connect();
  const poll = session.hold();
  await session.send('3');
  const answer = await session.post('1');
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'ok');
  const last = await within(poll.answer, 2000, 'the poll');
  assert.equal(last.status, 200);
  assert.equal(last.text, '6');
  await session.gone();
});

test('a session that the server closes answers the pending poll with 1', async () => {
  const session = await Polling.open(base);
  await session.connect();
  const poll = session.hold();
  await session.send('3');
  await session.post('40'); /* a namespace that is joined already */
  const answer = await within(poll.answer, 2000, 'the poll');
  assert.equal(answer.status, 200);
  assert.match(answer.text, /(^|\x1e)1$/);
  await session.gone();
});

const JUNK = [
  ['no HTTP', 'hello\r\n\r\n'],
  ['binary', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['a broken request line', 'GET\r\n\r\n'],
  ['a negative length', 'POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
  ['a header without end', `GET / HTTP/1.1\r\nX: ${'y'.repeat(200_000)}`],
  ['a long URL', `GET /${'y'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['an upgrade to h2c', 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n'],
  ['an upgrade to something', 'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n'],
];

for (const [name, bytes] of JUNK) {
  test(`junk on the port (${name}) hurts nobody`, async () => {
    const session = await Polling.open(base);
    await session.connect();
    const answer = await exchange(gateway.port, Buffer.from(bytes, 'latin1'), 300);
    assert.doesNotMatch(answer, /^HTTP\/1.1 101/);
    await session.alive();
  });
}

/* [query, message]: refused before 101, the message as text, then the connection ends. */
const BAD_UPGRADES = [
  ['EIO=4&transport=websocket&sid=unknown', 'Session ID unknown'],
  ['EIO=4&transport=tcp', 'Transport unknown'],
  ['EIO=4', 'Transport unknown'],
  ['EIO=3&transport=websocket', 'Unsupported protocol version'],
];

const UPGRADE = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
  + 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

for (const [query, message] of BAD_UPGRADES) {
  test(`a WebSocket with ${query} is refused with "${message}"`, async () => {
    const answer = await exchange(gateway.port, `GET /socket.io/?${query} HTTP/1.1\r\n${UPGRADE}`);
    const [head, body] = answer.split('\r\n\r\n');
    assert.match(head, /^HTTP\/1.1 400 /);
    assert.equal(body, message);
  });
}

test('a WebSocket with transport=polling is refused, or closed at once', async () => {
  const answer = await exchange(gateway.port, `GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n${UPGRADE}`, 500);
  assert.match(answer, /^HTTP\/1.1 (400|101) /);
});

test('a WebSocket of another version is refused', async () => {
  const request = `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${UPGRADE.replace('13', '7')}`;
  assert.match(await exchange(gateway.port, request), /^HTTP\/1.1 4\d\d /);
});

test('a WebSocket on a foreign path is refused', async () => {
  const answer = await exchange(gateway.port, `GET /nothing/here HTTP/1.1\r\n${UPGRADE}`);
  assert.doesNotMatch(answer, /^HTTP\/1.1 101/);
});

test('a WebSocket that offers subprotocols is accepted', async () => {
  const socket = await EngineSocket.open(base, { protocols: ['foo', 'bar'] });
  assert.equal(socket.ws.protocol, 'foo');
  await socket.connect();
  socket.terminate();
});
