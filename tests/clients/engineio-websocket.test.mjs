// SPDX-License-Identifier: Apache-2.0
// Engine.IO v4 over WebSocket: handshake, framing, what closes the session and with which code.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { EngineSocket, Socket, wsUrl } from '../lib/engineio.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { exchange, fetchHttp } from '../lib/http.mjs';
import { OP, RawSocket } from '../lib/rawsocket.mjs';
import { testNamespaces } from '../lib/routes.mjs';
import { within } from '../lib/wait.mjs';

const MAX = 20_000;
const PATH = '/socket.io/?EIO=4&transport=websocket';
let gateway;
let base;

before(async () => {
  gateway = await startGateway({ namespaces: testNamespaces, settings: { max_message_bytes: MAX } });
  base = gateway.base;
});
after(stopGateways);

async function unknown(sid) {
  const answer = await fetchHttp(`${base}/socket.io/?EIO=4&transport=polling&sid=${sid}`);
  assert.equal(answer.status, 400);
  assert.equal(JSON.parse(answer.text).code, 1);
}

/* A raw socket with a session in namespace "/". */
async function rawSession() {
  const raw = await RawSocket.open(gateway.port, PATH);
  const first = await raw.message();
  raw.sid = JSON.parse(first.slice(1)).sid;
  raw.text('40');
  assert.match(await raw.message(), /^40/);
  return raw;
}

test('the first frame is the open packet, with no upgrades', async () => {
  const socket = await EngineSocket.open(base);
  const { sid, ...rest } = socket.handshake;
  assert.deepEqual(rest, { upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: MAX });
  assert.match(sid, /^[A-Za-z0-9_.~-]{16,64}$/);
  await socket.close();
});

test('permessage-deflate is not negotiated', async () => {
  const socket = await EngineSocket.open(base, { perMessageDeflate: true });
  assert.equal(socket.ws.extensions, '');
  await socket.connect();
  await socket.alive();
  await socket.close();
});

test('sid= without a value opens a session', async () => {
  const socket = await EngineSocket.open(base, { query: '&sid=' });
  await socket.close();
});

test('text and binary messages arrive one packet each', async () => {
  const socket = await EngineSocket.open(base);
  await socket.connect();
  socket.send('452-1["quiet",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
    Buffer.from([0, 1, 255]), Buffer.alloc(0));
  assert.equal(await socket.next(), '462-1[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
  assert.deepEqual(await socket.next(), Buffer.from([0, 1, 255]));
  assert.deepEqual(await socket.next(), Buffer.alloc(0));
  await socket.close();
});

test('a text message that begins with b is base64 binary', async () => {
  const socket = await EngineSocket.open(base);
  await socket.connect();
  socket.send('451-1["quiet",{"_placeholder":true,"num":0}]', 'bAQIDBA==');
  assert.equal(await socket.next(), '461-1[{"_placeholder":true,"num":0}]');
  assert.deepEqual(await socket.next(), Buffer.from([1, 2, 3, 4]));
  await socket.close();
});

for (const message of ['0', '0{"sid":"x"}', '3', '3late', '5', '6', '6noop']) {
  test(`${message} in the middle of a session is ignored`, async () => {
    const socket = await EngineSocket.open(base);
    await socket.connect();
    socket.send(message);
    await socket.alive();
    await socket.close();
  });
}

/* [what, messages]: each ends the session. */
const KILLING = [
  ['an empty message', ['']],
  ['an unknown type', ['7']],
  ['a letter', ['hello']],
  ['a ping from the client', ['2']],
  ['a probe outside an upgrade', ['2probe']],
  ['a binary message that nobody awaits', [Buffer.from([4, 1])]],
  ['an empty binary message', [Buffer.alloc(0)]],
  ['a message packet without content', ['4']],
];

for (const [what, messages] of KILLING) {
  test(`${what} closes the WebSocket`, async () => {
    const socket = await EngineSocket.open(base);
    await socket.connect();
    socket.send(...messages);
    await socket.end();
    await unknown(socket.sid);
  });
}

test('a close frame ends the session', async () => {
  const socket = await EngineSocket.open(base);
  await socket.connect();
  await socket.close();
  await unknown(socket.sid);
});

test('a lost connection ends the session', async () => {
  const socket = await EngineSocket.open(base);
  await socket.connect();
  socket.terminate();
  const probe = await EngineSocket.open(base);
  await probe.connect();
  await probe.alive();
  await probe.close();
  await unknown(socket.sid);
});

test('a server close carries no code', async () => {
  const raw = await rawSession();
  raw.text('4x');
  assert.equal(await raw.closeCode(), 1005);
});

test('a message of exactly maxPayload bytes is accepted', async () => {
  const socket = await EngineSocket.open(base);
  await socket.connect();
  const text = 'x'.repeat(MAX - '421["quiet",""]'.length);
  socket.send(`421["quiet","${text}"]`);
  assert.equal(await socket.next(), `431["${text}"]`);
  await socket.close();
});

test('a message above maxPayload is closed with 1009', async () => {
  const raw = await rawSession();
  raw.text('4'.repeat(MAX + 1));
  assert.equal(await raw.closeCode(), 1009);
  await unknown(raw.sid);
});

test('fragments that add up to more than maxPayload are closed with 1009', async () => {
  const raw = await rawSession();
  raw.send(OP.TEXT, '4'.repeat(MAX - 10), { fin: false });
  raw.send(OP.CONTINUATION, '4'.repeat(20), { fin: false });
  assert.equal(await raw.closeCode(), 1009);
});

test('a header that announces far too much is closed with 1009 long before all bytes have come', async () => {
  const raw = await rawSession();
  raw.socket.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4]));
  raw.socket.write(Buffer.alloc(MAX + 1, 0x34));
  assert.ok([1009, 1006, 1002].includes(await raw.closeCode(8000)));
});

const BROKEN_UTF8 = [
  ['a lone continuation byte', [0x34, 0x80]],
  ['a truncated sequence', [0x34, 0xe2, 0x82]],
  ['an over-long slash', [0x34, 0xc0, 0xaf]],
  ['a surrogate', [0x34, 0xed, 0xa0, 0x80]],
  ['above U+10FFFF', [0x34, 0xf4, 0x90, 0x80, 0x80]],
  ['0xff inside a string', [...Buffer.from('42["quiet","'), 0xff, ...Buffer.from('"]')]],
];

for (const [what, bytes] of BROKEN_UTF8) {
  test(`invalid UTF-8 (${what}) is closed with 1007`, async () => {
    const raw = await rawSession();
    raw.send(OP.TEXT, Buffer.from(bytes));
    assert.equal(await raw.closeCode(), 1007);
    await unknown(raw.sid);
  });
}

test('UTF-8 whose sequences are cut by fragments is whole', async () => {
  const raw = await rawSession();
  const bytes = Buffer.from('421["quiet","é€😀"]');
  for (let i = 0; i < bytes.length; i++) {
    raw.send(i === 0 ? OP.TEXT : OP.CONTINUATION, bytes.subarray(i, i + 1), { fin: i === bytes.length - 1 });
  }
  assert.equal(await raw.message(), '431["é€😀"]');
  raw.destroy();
});

test('a frame that trickles in byte by byte is whole', async () => {
  const raw = await rawSession();
  raw.socket.setNoDelay(true);
  const { frame } = await import('../lib/rawsocket.mjs');
  for (const byte of frame(OP.TEXT, '421["quiet","slowly"]')) {
    raw.socket.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  assert.equal(await raw.message(), '431["slowly"]');
  raw.destroy();
});

test('the first frame may be cut anywhere, and begin right behind the handshake', async () => {
  const { frame } = await import('../lib/rawsocket.mjs');
  const first = frame(OP.TEXT, '40');
  for (let cut = 1; cut < first.length; cut++) {
    const raw = await RawSocket.open(gateway.port, PATH);
    await raw.message();
    raw.socket.setNoDelay(true);
    raw.socket.write(first.subarray(0, cut));
    await new Promise((resolve) => setTimeout(resolve, 5));
    raw.socket.write(first.subarray(cut));
    assert.match(await raw.message(), /^40/);
    raw.destroy();
    const early = new RawSocket();
    const request = early.request(gateway.port, PATH, {});
    const answer = exchange(gateway.port, Buffer.concat([Buffer.from(request), first.subarray(0, cut)]), 300);
    assert.match(await answer, /^HTTP\/1.1 101 [^]*0\{"sid"/);
  }
});

test('control frames may stand between fragments, and pings are answered with their payload', async () => {
  const raw = await rawSession();
  raw.send(OP.TEXT, '421["qu', { fin: false });
  raw.send(OP.PING, 'are you there');
  raw.send(OP.CONTINUATION, 'iet",', { fin: false });
  raw.send(OP.PONG, 'unasked');
  raw.send(OP.CONTINUATION, '1]');
  const pong = await raw.frames.find((f) => f.opcode === OP.PONG);
  assert.equal(pong.payload.toString(), 'are you there');
  const answer = raw.frames.all.find((f) => f.opcode === OP.TEXT && f.payload.toString() === '431[1]');
  if (!answer) assert.equal(await raw.message(), '431[1]');
  raw.destroy();
});

test('binary attachments may be fragmented', async () => {
  const raw = await rawSession();
  raw.text('451-1["quiet",{"_placeholder":true,"num":0}]');
  raw.send(OP.BINARY, Buffer.from([1, 2]), { fin: false });
  raw.send(OP.CONTINUATION, Buffer.from([3]), { fin: true });
  assert.equal(await raw.message(), '461-1[{"_placeholder":true,"num":0}]');
  const found = await raw.frames.find((f) => f.opcode === OP.BINARY);
  assert.deepEqual([...found.payload], [1, 2, 3]);
  raw.destroy();
});

/* [what, how]: violations of RFC 6455. A close frame with 1002, or the connection just ends. */
const PROTOCOL_ERRORS = [
  ['an unmasked frame', (raw) => raw.send(OP.TEXT, '421["quiet"]', { masked: false })],
  ['a reserved bit', (raw) => raw.send(OP.TEXT, '421["quiet"]', { rsv: 4 })],
  ['a reserved opcode', (raw) => raw.send(3, 'x')],
  ['a reserved control opcode', (raw) => raw.send(11, 'x')],
  ['a continuation of nothing', (raw) => raw.send(OP.CONTINUATION, 'x')],
  ['a new message inside a fragmented one', (raw) => {
    raw.send(OP.TEXT, '4', { fin: false });
    raw.send(OP.TEXT, '421["quiet"]');
  }],
  ['a fragmented ping', (raw) => raw.send(OP.PING, 'x', { fin: false })],
  ['a ping of 126 bytes', (raw) => raw.send(OP.PING, 'x'.repeat(126))],
];

for (const [what, how] of PROTOCOL_ERRORS) {
  test(`${what} ends the connection`, async () => {
    const raw = await rawSession();
    how(raw);
    const code = await raw.closeCode();
    assert.ok([1002, 1006, 1005].includes(code), String(code));
    const probe = await EngineSocket.open(base);
    await probe.close();
    await unknown(raw.sid);
  });
}

test('a client that does not mask its frames is closed at its first one', async () => {
  const raw = await RawSocket.open(gateway.port, PATH);
  raw.sid = JSON.parse((await raw.message()).slice(1)).sid;
  raw.send(OP.TEXT, '40', { masked: false });
  assert.ok([1002, 1006, 1005].includes(await raw.closeCode()));
  await unknown(raw.sid);
});

test('the client\'s close frame is answered with a close frame', async () => {
  const raw = await rawSession();
  raw.send(OP.CLOSE, Buffer.from([0x03, 0xe8]));
  const code = await raw.closeCode();
  assert.ok([1000, 1005].includes(code), String(code));
});

test('many messages in one TCP segment are all handled, in order', async () => {
  const raw = await rawSession();
  const { frame } = await import('../lib/rawsocket.mjs');
  const frames = [];
  for (let i = 0; i < 500; i++) frames.push(frame(OP.TEXT, `42${i}["quiet",${i}]`));
  raw.socket.write(Buffer.concat(frames));
  for (let i = 0; i < 500; i++) assert.equal(await raw.message(), `43${i}[${i}]`);
  raw.destroy();
});

test('the handshake with a bad Sec-WebSocket-Key or without one is refused', async () => {
  await assert.rejects(RawSocket.open(gateway.port, PATH, { 'Sec-WebSocket-Key': '' }), /^Error: (HTTP\/1.1 4|closed)/);
});

test('a text 1 closes the session at once, or does nothing', async () => {
  const socket = await EngineSocket.open(base);
  await socket.connect();
  socket.send('1', '421["quiet"]');
  const outcome = await Promise.race([socket.closed.then(() => 'closed'), socket.next().then(() => 'open')]);
  assert.ok(['closed', 'open'].includes(outcome));
  socket.terminate();
});

test('two hundred sessions live beside each other', async () => {
  const sockets = await Promise.all(Array.from({ length: 200 }, () => EngineSocket.open(base)));
  await within(Promise.all(sockets.map((socket) => socket.connect())), 10_000, 'all connect');
  await within(Promise.all(sockets.map((socket) => socket.alive())), 10_000, 'all work');
  await within(Promise.all(sockets.map((socket) => socket.close())), 10_000, 'all close');
});

test('a WebSocket session takes no second WebSocket', async () => {
  const socket = await EngineSocket.open(base);
  await socket.connect();
  const second = new Socket(wsUrl(base, `&sid=${socket.sid}`));
  await within(Promise.race([second.closed, second.opened.then(() => second.closed, () => {})]), 5000, 'refused');
  await socket.alive();
  await socket.close();
});
