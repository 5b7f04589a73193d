// SPDX-License-Identifier: Apache-2.0
// permessage-deflate (RFC 7692) with real clients and with bytes by hand: what is agreed on, messages in both
// directions, rooms where only some agreed, and what must not come in.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import { deflate, dense } from '../lib/deflate.mjs';
import { EngineSocket, Socket, wsUrl } from '../lib/engineio.mjs';
import { configFile, FLAT, startGateway, stopGateways } from '../lib/gateway.mjs';
import { closePeers, JsonPeer, RawPeer, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { run } from '../lib/process.mjs';
import { frame, OP, RawSocket } from '../lib/rawsocket.mjs';
import { testNamespaces } from '../lib/routes.mjs';
import { waitFor, within } from '../lib/wait.mjs';

const PYTHON = '/usr/bin/python3'; /* the one that Debian's python3-aiohttp is for */
const NAME = 'permessage-deflate';
const ALONE = `${NAME}; server_no_context_takeover; client_no_context_takeover`;
const MAX = 200_000;
const RSV1 = { rsv: 4 };
let gateway;
let base;

before(async () => {
  gateway = await startGateway({ namespaces: testNamespaces, settings: { compression: true, max_message_bytes: MAX } });
  base = gateway.base;
});
afterEach(closePeers);
after(stopGateways);

/* JSON as applications send it: n characters at least. */
function typical(n, seed = 1) {
  const items = [];
  let text = '';
  for (let i = seed * 1000; text.length < n; i++) {
    items.push({ id: crypto.createHash('md5').update(String(i)).digest('hex'), name: `item ${i}`, price: (i * 7919) % 1000 / 10, tags: ['é', 'new'] });
    text = JSON.stringify(items);
  }
  return text;
}

const inflate = (payload) => zlib.inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 255, 255])]), { finishFlush: zlib.constants.Z_SYNC_FLUSH });

const offering = (path, offer = NAME, more = {}) => RawSocket.open((more.gateway ?? gateway).port, path, { 'Sec-WebSocket-Extensions': offer, ...more.headers });
const extensions = (socket) => [...socket.response.matchAll(/^sec-websocket-extensions: *(.*)\r$/gim)].map(([, line]) => line);
const deflated = (g = gateway) => g.metric('deflated_messages_total');

/* The next data message of a RawSocket: {text, compressed}. */
async function message(socket) {
  const { payload, rsv } = await socket.frames.find((f) => f.opcode === OP.TEXT);
  return { text: (rsv === 4 ? inflate(payload) : payload).toString(), compressed: rsv === 4 };
}

describe('what is agreed on', () => {
  /* [what the client offers, what it is answered] */
  const OFFERS = [
    [NAME, ALONE],
    [`${NAME}; client_max_window_bits`, ALONE],
    [`${NAME}; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=9`, ALONE],
    [`${NAME}; server_max_window_bits=15`, `${ALONE}; server_max_window_bits=15`],
    [`${NAME}; server_max_window_bits=10`, undefined],
    [`${NAME}; server_max_window_bits=10, ${NAME}`, ALONE],
    [`${NAME}; server_max_window_bits=8, x-other; a="b", ${NAME}; client_max_window_bits`, ALONE],
    [`${NAME}; what`, undefined],
    ['x-webkit-deflate-frame', undefined],
  ];

  for (const path of ['/ws', '/raw/r', '/socket.io/?EIO=4&transport=websocket']) {
    test(`offers at ${path}`, async () => {
      for (const [offer, answer] of OFFERS) {
        const socket = await offering(path, offer);
        assert.deepEqual(extensions(socket), answer ? [answer] : [], offer);
        socket.destroy();
      }
    });
  }

  test('offers on several header lines', async () => {
    const socket = await offering('/ws', `${NAME}; server_max_window_bits=9`, {
      headers: { 'sec-websocket-extensions': 'x', 'SEC-WEBSOCKET-EXTENSIONS': `${NAME}; client_max_window_bits` } });
    assert.deepEqual(extensions(socket), [ALONE]);
    socket.destroy();
  });

  test('a malformed offer is a bad request', async () => {
    for (const path of ['/ws', '/raw/r', '/socket.io/?EIO=4&transport=websocket']) {
      await assert.rejects(offering(path, `${NAME}; =`), /^Error: HTTP\/1.1 400 /);
    }
  });

  test('nothing is agreed on with b64=1, nor without compression, which is the default', async () => {
    const b64 = await offering('/socket.io/?EIO=4&transport=websocket&b64=1');
    assert.deepEqual(extensions(b64), []);
    b64.destroy();
    const off = await startGateway();
    for (const offer of [NAME, `${NAME}; =`]) {
      const socket = await offering('/raw/r', offer, { gateway: off });
      assert.deepEqual(extensions(socket), []);
      socket.send(OP.TEXT, deflate('x'), RSV1);
      assert.equal(await socket.closeCode(), 1002);
    }
  });

  test('SIGHUP switches it on for new connections', async () => {
    const file = configFile({ compression: false });
    const reloaded = await startGateway({ config: file });
    const early = await offering('/raw/r', NAME, { gateway: reloaded });
    const { writeFileSync } = await import('node:fs');
    writeFileSync(file, JSON.stringify({ compression: true, compression_min_bytes: 100 }));
    reloaded.signal('SIGHUP');
    let late;
    await waitFor(async () => {
      late?.destroy();
      late = await offering('/raw/r', NAME, { gateway: reloaded });
      return extensions(late).length === 1;
    }, 'it is agreed on');
    const text = 'abcd'.repeat(30);
    early.text(text);
    assert.deepEqual(await message(late), { text, compressed: true });
    assert.deepEqual(await message(early), { text, compressed: false });
    early.destroy();
    late.destroy();
  });
});

describe('ws', () => {
  const BITS = [8, 9, 10, 11, 12, 13, 14, 15];
  const OPTIONS = [
    {}, { threshold: 0 }, { serverNoContextTakeover: true }, { serverNoContextTakeover: false }, { clientNoContextTakeover: true },
    { clientNoContextTakeover: true, serverNoContextTakeover: true, threshold: 0 },
    ...BITS.map((serverMaxWindowBits) => ({ serverMaxWindowBits, threshold: 0 })),
    ...BITS.map((clientMaxWindowBits) => ({ clientMaxWindowBits, threshold: 0 })),
    { clientMaxWindowBits: true, threshold: 0, zlibDeflateOptions: { level: 9, memLevel: 1 } },
  ];

  for (const options of OPTIONS) {
    test(`${JSON.stringify(options)}: large and small messages, both directions`, async () => {
      const socket = await Socket.open(`${gateway.ws}/raw/${encodeURIComponent(JSON.stringify(options))}`, { perMessageDeflate: options });
      const agreed = (options.serverMaxWindowBits ?? 15) === 15;
      assert.equal(socket.ws.extensions, agreed ? NAME : '');
      const messages = ['', 'small', typical(600), typical(100_000), crypto.randomBytes(50_000), Buffer.alloc(0), Buffer.alloc(65_536), typical(600, 2)];
      const before = await deflated();
      for (const data of messages) {
        socket.send(data);
        assert.deepEqual(await socket.next(), data);
      }
      assert.equal(await deflated() - before, agreed ? 4 : 0, 'not the small ones, and not the random one');
      await socket.close();
    });
  }

  /* The one combination that cannot be served: the gateway keeps no window per connection. */
  test('clientNoContextTakeover: false insists on a context: the client itself gives up', async () => {
    await assert.rejects(Socket.open(`${gateway.ws}/raw/r`, { perMessageDeflate: { clientNoContextTakeover: false } }),
      /Invalid Sec-WebSocket-Extensions header/);
  });

  test('incompressible messages of exactly max_message_bytes pass, one byte more does not', async () => {
    const socket = await Socket.open(`${gateway.ws}/raw/most`, { perMessageDeflate: { threshold: 0, zlibDeflateOptions: { memLevel: 1 } } });
    const data = crypto.randomBytes(MAX);
    socket.send(data);
    assert.deepEqual(await socket.next(), data);
    socket.send(Buffer.concat([data, Buffer.from('x')]));
    assert.equal((await socket.end()).code, 1009);
  });
});

/* One message, of at most 200 times the bytes that it takes: rooms, Redis and other receivers get it plain. */
describe('what a compressed message may become', () => {
  const ROWS = Array.from({ length: 700 }, (_, i) => ({ id: i, ...Object.fromEntries(Array.from({ length: 10 }, (__, k) => [`measurement_${k}`, 'nominal'])) }));
  const most = dense();
  const small = 'x'.repeat(65_536);
  const times = (text) => text.length / deflate(text).length;

  test('ws: exactly 200 times passes, and records that differ in their ids only; one byte more is 1009', async () => {
    assert.ok(most.length > 100_000 && most.length < MAX && times(most) === 200 && times(`${most}x`) > 200);
    const options = { perMessageDeflate: { threshold: 0 } };
    const rows = JSON.stringify(ROWS);
    assert.ok(rows.length > 150_000 && times(rows) > 80, `${rows.length} ${times(rows)}`);
    for (const text of [`${most}x`, `${small}x`, 'x'.repeat(MAX)]) {
      const before = await gateway.metrics();
      const socket = await Socket.open(`${gateway.ws}/raw/ratio`, options);
      for (const passes of [most, rows, small, 'x']) {
        socket.send(passes);
        assert.equal(await socket.next(), passes);
      }
      socket.send(text);
      const { code, reason } = await socket.end();
      assert.deepEqual([code, String(reason)], [1009, 'too_large']);
      const change = async (name, labels = '') => await gateway.metric(name, labels) - before[`roomcast_${name}${labels && `{${labels}}`}`];
      assert.equal(await change('closes_total', 'reason="too_large"'), 1);
      assert.equal(await change('inflated_messages_total'), 4, 'the one that was refused has not been inflated');
      assert.equal(await change('deliveries_total'), 4);
    }
  });

  test('it does not concern what is sent as it is', async () => {
    const socket = await Socket.open(`${gateway.ws}/raw/plain`, { perMessageDeflate: false });
    const text = 'x'.repeat(MAX);
    socket.send(text);
    assert.equal(await socket.next(), text);
    await socket.close();
  });

  test('socket.io-client is told, too', async () => {
    const peer = await SocketioPeer.open(base, { transport: 'websocket', perMessageDeflate: { threshold: 0 } });
    const closed = new Promise((resolve) => peer.socket.once('disconnect', (why, { context }) => resolve({ why, code: context.code, reason: context.reason })));
    peer.emit('publish', 'ratio', 'n', 'x'.repeat(MAX - 1000));
    assert.deepEqual(await within(closed, 5000, 'disconnect'), { why: 'transport close', code: 1009, reason: 'too_large' });
  });
});

describe('Socket.IO', () => {
  for (const transport of ['websocket', 'upgrade']) {
    test(`socket.io-client over ${transport}: events, acks, binary, order`, async () => {
      const options = { transport, perMessageDeflate: { threshold: 0 } };
      const peer = await SocketioPeer.open(base, { ...options, rooms: [`sio-${transport}`] });
      await waitFor(() => peer.transport === 'websocket', 'it is on WebSocket');
      assert.equal(peer.socket.io.engine.transport.ws.extensions, NAME);
      const before = await deflated();
      const value = JSON.parse(typical(5000));
      assert.deepEqual(await peer.ask('quiet', value), [value]);
      const blob = Buffer.from(typical(3000));
      for (let i = 0; i < 20; i++) {
        peer.emit('publish', `sio-${transport}`, 'n', i, i % 3 === 0 ? value : i % 3 === 1 ? 'small' : blob);
      }
      for (let i = 0; i < 20; i++) {
        const expected = i % 3 === 0 ? value : i % 3 === 1 ? 'small' : { $binary: blob.toString('base64') };
        assert.deepEqual((await peer.heard('n')).args, [i, expected]);
      }
      assert.equal(await deflated() - before, 1 + 7 + 6);
    });
  }

  test('heartbeats and close frames are never compressed, whatever the threshold', async () => {
    const beating = await startGateway({ settings: { compression: true, compression_min_bytes: 0, ping_interval_ms: 50 } });
    for (const path of ['/ws', '/raw/r', '/socket.io/?EIO=4&transport=websocket']) {
      const socket = await offering(path, NAME, { gateway: beating });
      const ping = await socket.frames.find((f) => f.opcode === OP.PING || f.payload.equals(Buffer.from('2')));
      socket.send(OP.PING, 'x'.repeat(100));
      const pong = await socket.frames.find((f) => f.opcode === OP.PONG);
      socket.send(OP.TEXT, Buffer.from([0xff]));
      await socket.closeCode();
      const close = socket.frames.all.find((f) => f.opcode === OP.CLOSE);
      assert.deepEqual([ping.rsv, pong.rsv, close.rsv], [0, 0, 0], path);
    }
  });
});

describe('rooms', () => {
  test('a message is compressed once, however many receive it so; others get it as it is; order is kept', async () => {
    const room = 'mixed';
    const peers = [];
    for (let i = 0; i < 40; i++) {
      peers.push(await SocketioPeer.open(base, { rooms: [room], perMessageDeflate: i % 2 === 0 ? { threshold: 0 } : false }));
    }
    peers.push(await SocketioPeer.open(base, { rooms: [room], transport: 'polling' }), await SsePeer.open(base, { rooms: [room], events: ['n'] }));
    await gateway.metricIs('compressed_connections', '', 20);
    const sender = await JsonPeer.open(base, { rooms: [room] });
    assert.equal(await gateway.metric('compressed_connections'), 21, 'ws offers it unasked');
    const before = await gateway.metrics();
    const texts = Array.from({ length: 40 }, (_, i) => typical([10, 2000, 200, 30_000][i % 4], i));
    for (const [i, text] of texts.entries()) sender.emit('publish', room, 'n', i, text);
    for (const peer of [...peers, sender]) {
      for (const [i, text] of texts.entries()) assert.deepEqual((await peer.heard('n')).args, [i, text], peer.dialect);
    }
    const change = async (name) => await gateway.metric(...name) - before[`roomcast_${name[0]}${name[1] ? `{${name[1]}}` : ''}`];
    assert.equal(await change(['deflated_messages_total']), 2 * 20, 'once for Socket.IO, once for JSON');
    assert.equal(await change(['deliveries_total']), 40 * 43);
    const plain = await change(['deflated_bytes_total', 'size="plain"']);
    const compressed = await change(['deflated_bytes_total', 'size="compressed"']);
    assert.ok(plain > 600_000 && compressed > 0 && compressed < plain / 2, `${plain} ${compressed}`);
    assert.ok(await change(['inflated_messages_total']) >= 10);
    assert.ok(await change(['inflated_bytes_total', 'size="plain"']) > await change(['inflated_bytes_total', 'size="compressed"']));
    closePeers();
    await gateway.metricIs('compressed_connections', '', 0);
  });

  test('a reader that stalls is cut off, the others lose nothing, memory stays flat', async () => {
    const small = await startGateway({ settings: { compression: true, max_queue_bytes: 300_000, send_buffer_bytes: 16384 }, env: FLAT });
    const good = await RawPeer.open(small.base, { rooms: ['flood'] });
    const stalled = await offering('/raw/flood', NAME, { gateway: small });
    stalled.pause();
    const noise = crypto.randomBytes(30_000).toString('hex'); /* half of it is left */
    const sender = await JsonPeer.open(small.base);
    let sent = 0;
    let before = 0;
    await waitFor(async () => {
      for (let i = 0; i < 5; i++) await sender.publish('flood', 'n', `${sent++} ${noise}`);
      await waitFor(() => good.inbox.all.length === sent, 'the good one has all');
      before ||= small.rss();
      return sent > 100 && await small.metric('closes_total', 'reason="slow"') === 1;
    }, 'it is closed', 30_000);
    assert.ok(good.inbox.all.every((item, i) => item.args[0] === `${i} ${noise}`));
    assert.ok(small.rss() - before < 20e6, `grew by ${small.rss() - before}`);
    assert.ok(await small.metric('queue_bytes') < 500_000);
    stalled.destroy();
  });

  test('aiohttp, which shares no code with the others', async () => {
    const script = fileURLToPath(new URL('python_deflate.py', import.meta.url));
    const before = await gateway.metrics();
    const { code, stdout, stderr } = await run(PYTHON, [script, `${base}/raw/aiohttp`], { ms: 30_000 });
    assert.equal(code, 0, stderr + stdout);
    assert.deepEqual(JSON.parse(stdout), { compress: 15, same: 5 });
    const now = await gateway.metrics();
    for (const name of ['roomcast_deflated_messages_total', 'roomcast_inflated_messages_total']) assert.ok(now[name] > before[name], name);
  });
});

describe('by hand', () => {
  const text = typical(3000);
  const open = () => offering('/raw/hand');
  const echoed = async (socket, expected = text) => assert.equal((await message(socket)).text, expected);

  test('fragments, with other frames between them, byte by byte', async () => {
    const socket = await open();
    const payload = deflate(text);
    const third = Math.floor(payload.length / 3);
    const bytes = Buffer.concat([
      frame(OP.TEXT, payload.subarray(0, third), { fin: false, ...RSV1 }),
      frame(OP.PING, 'between'),
      frame(OP.CONTINUATION, payload.subarray(third, 2 * third), { fin: false }),
      frame(OP.CONTINUATION, '', { fin: false }),
      frame(OP.CONTINUATION, payload.subarray(2 * third)),
      frame(OP.TEXT, 'plain'),
    ]);
    socket.socket.setNoDelay(true);
    for (const byte of bytes) await new Promise((resolve) => socket.socket.write(Buffer.from([byte]), resolve));
    assert.equal((await socket.frames.find((f) => f.opcode === OP.PONG)).payload.toString(), 'between');
    await echoed(socket);
    await echoed(socket, 'plain');
    socket.destroy();
  });

  test('every kind of block, also several that are the last', async () => {
    const { Z_FINISH, Z_FIXED, Z_HUFFMAN_ONLY } = zlib.constants;
    const socket = await open();
    const payloads = [
      deflate(text, { level: 0 }), deflate(text, { strategy: Z_FIXED }), deflate(text, { strategy: Z_HUFFMAN_ONLY }), deflate(text, { windowBits: 9 }),
      deflate(text, { finishFlush: Z_FINISH, level: 9 }).subarray(0, 0), /* an empty payload */
      Buffer.concat([zlib.deflateRawSync(text), Buffer.from([0])]),
      zlib.deflateRawSync(text),
      Buffer.concat([zlib.deflateRawSync(text.slice(0, 1000)), deflate(text.slice(1000))]),
    ];
    for (const payload of payloads) {
      socket.send(OP.TEXT, payload, RSV1);
      await echoed(socket, payload.length === 0 ? '' : text);
    }
    socket.destroy();
  });

  /* [what is wrong, the frames, the close code] */
  const WRONG = [
    ['noise', () => frame(OP.BINARY, Buffer.alloc(100, 0xff), RSV1), 1007],
    ['a payload that is cut', () => frame(OP.TEXT, deflate(text).subarray(0, 300), RSV1), 1007],
    ['a reference to the message before', () => Buffer.concat([
      frame(OP.TEXT, deflate(text), RSV1), frame(OP.TEXT, deflate(text, { dictionary: Buffer.from(text) }), RSV1)]), 1007],
    ['text that is not UTF-8', () => frame(OP.TEXT, deflate(Buffer.from([0x61, 0xc3])), RSV1), 1007],
    ['a continuation that says it is compressed', () => Buffer.concat([
      frame(OP.TEXT, 'x', { fin: false, ...RSV1 }), frame(OP.CONTINUATION, 'y', RSV1)]), 1002],
    ['a compressed ping', () => frame(OP.PING, deflate('x'), RSV1), 1002],
    ['a compressed close frame', () => frame(OP.CLOSE, deflate('x'), RSV1), 1002],
    ['RSV2', () => frame(OP.TEXT, deflate('x'), { rsv: 2 }), 1002],
    ['a bomb', () => frame(OP.TEXT, deflate(Buffer.alloc(100e6)), RSV1), 1009],
    ['a bomb in fragments', () => {
      const payload = deflate(Buffer.alloc(50e6, 'x'));
      return Buffer.concat([frame(OP.TEXT, payload.subarray(0, 10_000), { fin: false, ...RSV1 }), frame(OP.CONTINUATION, payload.subarray(10_000))]);
    }, 1009],
    ['one byte above max_message_bytes', () => frame(OP.BINARY, deflate(Buffer.from(typical(MAX + 1)).subarray(0, MAX + 1)), RSV1), 1009],
    ['one byte above 200 times its size', () => frame(OP.TEXT, deflate(`${dense()}x`), RSV1), 1009],
    ['one byte above what any may become', () => frame(OP.BINARY, deflate(Buffer.alloc(65_537)), RSV1), 1009],
    ['more compressed than any message can need', () => frame(OP.BINARY, Buffer.alloc(2 * MAX), RSV1), 1009],
    ['fragments without end', () => Buffer.concat([frame(OP.BINARY, Buffer.alloc(MAX), { fin: false, ...RSV1 }),
      frame(OP.CONTINUATION, Buffer.alloc(MAX), { fin: false })]), 1009],
  ];
  const REASON = { 1007: 'parse_error', 1002: 'protocol_error', 1009: 'too_large' };

  for (const [what, bytes, code] of WRONG) {
    test(`${what}: ${code}, and counted`, async () => {
      const labels = `reason="${REASON[code]}"`;
      const before = await gateway.metric('closes_total', labels);
      const other = await open();
      const socket = await open();
      socket.socket.write(bytes());
      assert.equal(await socket.closeCode(), code);
      assert.equal(await gateway.metric('closes_total', labels) - before, 1);
      other.send(OP.TEXT, deflate(text), RSV1);
      await waitFor(async () => (await message(other)).text === text, 'others are not concerned');
      other.destroy();
    });
  }

  test('on a Socket.IO session: 1007 and 1009 too', async () => {
    for (const [data, code] of [[Buffer.alloc(50, 0xff), 1007], [deflate(Buffer.alloc(10e6)), 1009]]) {
      const socket = await offering('/socket.io/?EIO=4&transport=websocket');
      socket.send(OP.BINARY, data, RSV1);
      assert.equal(await socket.closeCode(), code);
    }
  });

  test('much in little: all of it comes, and pings of others are answered meanwhile', async () => {
    const [socket, other] = [await open(), await open()];
    const part = 'x'.repeat(65_536);
    const texts = Array.from({ length: 150 }, (_, i) => `${i} ${part}`.slice(0, part.length));
    socket.socket.write(Buffer.concat(texts.map((each) => frame(OP.TEXT, deflate(each), RSV1)).concat(frame(OP.TEXT, 'last'))));
    other.send(OP.PING, 'alive?');
    await other.frames.find((f) => f.opcode === OP.PONG);
    for (const each of [...texts, 'last']) await echoed(socket, each);
    socket.destroy();
    other.destroy();
  });

  test('bombs do not make the gateway grow', async () => {
    const flat = await startGateway({ settings: { compression: true }, env: FLAT });
    const bomb = frame(OP.BINARY, deflate(Buffer.alloc(100e6)), RSV1);
    const throwOne = async () => {
      const socket = await offering('/raw/r', NAME, { gateway: flat });
      socket.socket.write(bomb);
      assert.equal(await socket.closeCode(), 1009);
    };
    for (let i = 0; i < 20; i++) await throwOne();
    const before = flat.rss();
    for (let i = 0; i < 200; i++) await throwOne();
    assert.ok(flat.rss() - before < 5e6, `grew by ${flat.rss() - before}`);
  });

  test('a probe that is compressed upgrades its session', async () => {
    const { Polling } = await import('../lib/engineio.mjs');
    const session = await Polling.open(base);
    await session.connect();
    const socket = await Socket.open(wsUrl(base, `&sid=${session.sid}`), { perMessageDeflate: { threshold: 0 } });
    socket.send('2probe');
    assert.equal(await socket.next(), '3probe');
    socket.send('5', `421["quiet",${JSON.stringify(text)}]`);
    assert.equal(await socket.next(), `431[${JSON.stringify(text)}]`);
    assert.equal(await gateway.metric('compressed_connections') >= 1, true);
    await socket.close();
  });
});

test('with an old browser\'s b64=1, and in rooms with those who agreed', async () => {
  const b64 = await EngineSocket.open(base, { query: '&b64=1', perMessageDeflate: { threshold: 0 } });
  await b64.connect();
  b64.send('421["join","old"]');
  await b64.next();
  const peer = await SocketioPeer.open(base, { rooms: ['old'], perMessageDeflate: { threshold: 0 } });
  const blob = Buffer.from(typical(2000));
  await peer.publish('old', 'n', blob);
  assert.equal(await b64.next(), '451-["n",{"_placeholder":true,"num":0}]');
  assert.equal(await b64.next(), `b${blob.toString('base64')}`);
  assert.deepEqual((await peer.heard('n')).args, [{ $binary: blob.toString('base64') }]);
  await within(b64.close(), 5000, 'close');
});
