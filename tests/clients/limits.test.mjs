// SPDX-License-Identifier: Apache-2.0
// Every limit: what happens at it, what a client is told, and which series of /metrics counts it.
import { after, afterEach, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { EngineSocket, Polling } from '../lib/engineio.mjs';
import { FLAT, startGateway, stopGateways } from '../lib/gateway.mjs';
import { begin, exchange, fetchHttp } from '../lib/http.mjs';
import { closePeers, JsonPeer, post, RawPeer, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { OP, RawSocket } from '../lib/rawsocket.mjs';
import { builtin, echo } from '../lib/routes.mjs';
import { now, waitFor, within } from '../lib/wait.mjs';

const routes = { ...builtin, ...echo, maybe: [{ emit: 'v', to: '$0', volatile: true, args: '$1..' }, { ack: [] }] };
const namespaces = { '/': { routes }, '/a': { routes }, '/b': { routes }, '/c': { routes } };
const WS = '/socket.io/?EIO=4&transport=websocket';

afterEach(closePeers);
after(stopGateways);

const start = (settings, more) => startGateway({ namespaces, settings, ...more });
const refusals = (gateway, reason, expected = 1) => gateway.metricIs('refusals_total', `reason="${reason}"`, (v) => v >= expected);
const closes = (gateway, reason, expected = 1) => gateway.metricIs('closes_total', `reason="${reason}"`, (v) => v >= expected);

describe('sizes', () => {
  test('max_message_bytes: 1009 on every WebSocket, 413 on polling', async () => {
    const gateway = await start({ max_message_bytes: 2000 });
    const big = 'x'.repeat(2001);
    for (const path of [WS, '/ws', '/raw/r']) {
      const raw = await RawSocket.open(gateway.port, path);
      raw.text(big);
      assert.equal(await raw.closeCode(), 1009, path);
    }
    await closes(gateway, 'too_large', 3);
    const session = await Polling.open(gateway.base);
    assert.equal((await session.post(`4${big}`)).status, 413);
    await refusals(gateway, 'too_large');
  });

  test('max_message_bytes: attachments each', async () => {
    const gateway = await start({ max_message_bytes: 2000 });
    const peer = await SocketioPeer.open(gateway.base);
    const part = Buffer.alloc(1900);
    assert.equal((await peer.ask('quiet', part, part, part)).length, 3);
    const lost = new Promise((resolve) => peer.socket.on('disconnect', resolve));
    peer.emit('quiet', Buffer.alloc(2001));
    await within(lost, 5000, 'the connection is closed');
  });

  test('max_http_body_bytes', async () => {
    const gateway = await start({ max_http_body_bytes: 1024 });
    assert.equal((await post(gateway.base, 'r', { body: `"${'x'.repeat(1022)}"` })).status, 200);
    const answer = await post(gateway.base, 'r', { body: `"${'x'.repeat(1023)}"` });
    assert.equal(answer.status, 413);
    assert.equal(answer.json.error.code, 'too_large');
    await refusals(gateway, 'too_large');
  });

  test('max_attachments', async () => {
    const gateway = await start({ max_attachments: 2 });
    const peer = await SocketioPeer.open(gateway.base);
    const bytes = Buffer.from('x');
    assert.equal((await peer.ask('quiet', bytes, bytes)).length, 2);
    const lost = new Promise((resolve) => peer.socket.on('disconnect', resolve));
    peer.emit('quiet', bytes, bytes, bytes);
    await within(lost, 5000, 'the connection is closed');
    await closes(gateway, 'parse_error');
    const json = await JsonPeer.open(gateway.base);
    const binary = { $binary: 'AQ==' };
    assert.equal((await json.ask('quiet', binary, binary)).length, 2);
    assert.ok((await json.request({ event: 'quiet', args: [binary, binary, binary] })).error);
    assert.deepEqual(await json.ask('quiet', 1), [1]);
  });

  test('max_json_depth: exactly so deep', async () => {
    const gateway = await start({ max_json_depth: 5 });
    const socket = await EngineSocket.open(gateway.base);
    await socket.connect();
    socket.send('421["quiet",[[[[]]]]]');
    assert.equal(await socket.next(), '431[[[[[]]]]]');
    socket.send('421["quiet",[[[[[]]]]]]');
    await socket.end();
    const answer = await post(gateway.base, 'r', { body: '[[[[[[]]]]]]' });
    assert.equal(answer.json.error.code, 'too_deep');
    await refusals(gateway, 'too_deep');
  });
});

describe('names', () => {
  test('max_room_name_bytes counts bytes of UTF-8', async () => {
    const gateway = await start({ max_room_name_bytes: 4 });
    const peer = await SocketioPeer.open(gateway.base);
    for (const room of ['abcd', 'üü', '😀', '\u0000']) await peer.join(room);
    for (const room of ['abcde', 'üüx', '😀x']) assert.equal((await peer.ask('join', room))[0].error.code, 'bad_room_name');
    await refusals(gateway, 'bad_room_name', 3);
    assert.equal((await fetchHttp(`${gateway.base}/sse?room=abcde`)).status, 400);
  });

  test('max_event_name_bytes', async () => {
    const gateway = await start({ max_event_name_bytes: 8 });
    const peer = await SocketioPeer.open(gateway.base);
    await peer.publish('r', '12345678');
    assert.equal((await peer.ask('publish', 'r', '123456789'))[0].error.code, 'bad_event_name');
    assert.equal((await post(gateway.base, 'r', { query: '?event=123456789', body: '1' })).json.error.code, 'bad_event_name');
    await refusals(gateway, 'bad_event_name', 2);
  });

  test('reserved names are counted', async () => {
    const gateway = await start();
    const peer = await SocketioPeer.open(gateway.base);
    assert.equal((await peer.ask('publish', 'r', 'connect'))[0].error.code, 'reserved_event');
    await refusals(gateway, 'reserved_event');
  });
});

describe('counts', () => {
  test('max_rooms_per_client', async () => {
    const gateway = await start({ max_rooms_per_client: 3 });
    const peer = await SocketioPeer.open(gateway.base);
    for (const room of ['a', 'b', 'c', 'a']) await peer.join(room);
    assert.equal((await peer.ask('join', 'd'))[0].error.code, 'too_many_rooms');
    await peer.leave('a');
    await peer.join('d');
    await refusals(gateway, 'too_many_rooms');
    const answer = await fetchHttp(`${gateway.base}/sse?room=1&room=2&room=3&room=4`);
    assert.equal(answer.status, 403);
    assert.equal(JSON.parse(answer.text).error.code, 'too_many_rooms');
  });

  test('max_rooms_per_client holds for joins that wait', async () => {
    const gateway = await start({ max_rooms_per_client: 3 });
    const peer = await SocketioPeer.open(gateway.base);
    const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((room) => peer.ask('join', room)));
    assert.equal(answers.filter(([answer]) => answer.ok).length, 3);
  });

  test('max_namespaces_per_connection', async () => {
    const gateway = await start({ max_namespaces_per_connection: 2 });
    const socket = await EngineSocket.open(gateway.base);
    await socket.connect('/a');
    await socket.connect('/b');
    socket.send('40/c,');
    assert.match(await socket.next(), /^44\/c,\{"message":/);
    await socket.alive('/a');
    socket.send('41/a,', '40/c,');
    assert.match(await socket.next(), /^40\/c,/);
    await refusals(gateway, 'too_many_namespaces');
    const json = await JsonPeer.open(gateway.base);
    await json.ask('quiet');
    assert.ok((await json.request({ event: '$connect', ns: '/a' })).args);
    assert.equal((await json.request({ event: '$connect', ns: '/b' })).error.code, 'too_many_namespaces');
  });

  test('the other refusals of namespaces are counted', async () => {
    const gateway = await start();
    const json = await JsonPeer.open(gateway.base);
    await json.ask('quiet');
    await json.request({ event: '$connect', ns: '/nope' });
    await json.request({ event: 'quiet', ns: '/a' });
    await json.request({ event: '$connect' });
    for (const reason of ['invalid_namespace', 'not_connected', 'already_connected']) await refusals(gateway, reason);
  });

  test('max_connections: more wait until one ends', async () => {
    const gateway = await start({ max_connections: 4 });
    const held = await Promise.all([1, 2, 3].map(() => EngineSocket.open(gateway.base)));
    const fourth = await EngineSocket.open(gateway.base);
    const late = EngineSocket.open(gateway.base);
    let opened = false;
    late.then(() => { opened = true; }, () => {});
    await Promise.all(held.map((socket) => socket.connect()));
    assert.equal(opened, false);
    held[0].terminate();
    held[1].terminate();
    await (await within(late, 5000, 'the waiting one is accepted')).connect();
    assert.ok(await gateway.metric('accept_pauses_total') >= 1);
    fourth.terminate();
  });

  test('max_events_per_second and max_events_burst', async () => {
    const gateway = await start({ max_events_per_second: 10, max_events_burst: 5 });
    const peer = await SocketioPeer.open(gateway.base);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => peer.ask('quiet', i)));
    const refused = answers.filter(([answer]) => answer?.error?.code === 'rate_limited');
    assert.ok(refused.length >= 4 && refused.length <= 7, String(refused.length));
    await waitFor(async () => (await peer.ask('quiet', 'again'))[0] === 'again', 'tokens come back', 3000, 50);
    await refusals(gateway, 'rate_limited', 4);
    const raw = await RawPeer.open(gateway.base, { rooms: ['r'] });
    for (let i = 0; i < 30; i++) raw.send('x');
    assert.equal((await within(raw.closed, 5000, 'the raw connection is closed')).code, 1013);
    await closes(gateway, 'publish_failed');
  });

  test('max_pending_events: who sends on all the same is closed', async () => {
    const gateway = await start({ max_pending_events: 10 });
    const session = await Polling.open(gateway.base);
    await session.connect();
    await session.post(Array.from({ length: 50 }, (_, i) => `42${i}["publish","r","e",${i}]`).join('\x1e'));
    await closes(gateway, 'pending_events');
    await session.gone();
  });

  test('max_pending_events: a WebSocket is read no faster, and loses nothing', async () => {
    const gateway = await start({ max_pending_events: 10 });
    const peer = await SocketioPeer.open(gateway.base, { rooms: ['r'] });
    const acks = [];
    for (let i = 0; i < 1000; i++) acks.push(peer.ask('publish', 'r', 'n', i));
    assert.ok((await Promise.all(acks)).every(([answer]) => answer.ok));
    for (let i = 0; i < 1000; i++) assert.deepEqual((await peer.heard('n')).args, [i]);
  });

  test('max_bus_queue_bytes: publishes are refused as overloaded, and later accepted again', async () => {
    const gateway = await start({ max_bus_queue_bytes: 65536, max_pending_events: 10000 });
    const session = await Polling.open(gateway.base);
    await session.connect();
    const text = 'x'.repeat(10_000);
    await session.send(...Array.from({ length: 20 }, (_, i) => `42${i}["publish","r","e","${text}"]`));
    const acks = await session.receive(20);
    const refused = acks.filter((ack) => ack.includes('"overloaded"'));
    assert.ok(refused.length >= 10 && refused.length < 20, String(refused.length));
    await session.send('4299["publish","r","e",1]');
    assert.deepEqual(await session.receive(), ['4399[{"ok":true}]']);
    await refusals(gateway, 'overloaded', 10);
    await gateway.metricIs('publications_total', 'result="refused"', refused.length);
  });
});

describe('times', () => {
  test('handshake_timeout_ms: a connection that says nothing, or half a request', async () => {
    const gateway = await start({ handshake_timeout_ms: 400 });
    for (const bytes of ['', 'GET /socket.io/?EIO=4', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ']) {
      const begun = now();
      await exchange(gateway.port, Buffer.from(bytes), 5000);
      const took = now() - begun;
      assert.ok(took > 300 && took < 2500, `${JSON.stringify(bytes)}: ${took} ms`);
    }
  });

  test('handshake_timeout_ms: a body that does not come', async () => {
    const gateway = await start({ handshake_timeout_ms: 400 });
    const session = await Polling.open(gateway.base);
    await session.connect();
    const slow = begin(session.url(), { method: 'POST', headers: { 'Content-Length': 100 }, body: '42', open: true });
    const outcome = await within(slow.answer.then((a) => a.status, (e) => e.code), 3000, 'the POST ends');
    assert.ok([408, 400, 'ECONNRESET'].includes(outcome), String(outcome));
    await session.gone();
    const publish = begin(`${gateway.base}/rooms/r`, { method: 'POST', headers: { 'Content-Length': 100 }, body: '1', open: true });
    const end = await within(publish.answer.then((a) => a.status, (e) => e.code), 3000, 'the publish ends');
    assert.ok([408, 400, 'ECONNRESET'].includes(end), String(end));
  });

  test('connect_timeout_ms', async () => {
    const gateway = await start({ connect_timeout_ms: 100 });
    await (await EngineSocket.open(gateway.base)).end();
    await closes(gateway, 'connect_timeout');
  });

  test('ping_timeout_ms', async () => {
    const gateway = await start({ ping_interval_ms: 100, ping_timeout_ms: 100 });
    const raw = await RawSocket.open(gateway.port, WS);
    await raw.closed;
    await closes(gateway, 'ping_timeout');
  });

  test('upgrade_timeout_ms', async () => {
    const gateway = await start({ upgrade_timeout_ms: 100 });
    const session = await Polling.open(gateway.base);
    const raw = await RawSocket.open(gateway.port, `${WS}&sid=${session.sid}`);
    await raw.closeCode();
    await gateway.metricIs('upgrades_failed_total', '', 1);
    await session.connect();
  });

  test('request_timeout_ms', async () => {
    const gateway = await start({ request_timeout_ms: 100 });
    const peer = await SocketioPeer.open(gateway.base);
    const answer = await post(gateway.base, peer.id, { query: '?event=q&ack=1', body: '1' });
    assert.equal(answer.status, 504);
    await refusals(gateway, 'timeout');
  });
});

describe('how a connection ended is counted', () => {
  test('peer, lost, parse_error, protocol_error, no_namespace, poll_conflict, poll_lost', async () => {
    const gateway = await start();
    const open = async () => {
      const socket = await EngineSocket.open(gateway.base);
      await socket.connect();
      return socket;
    };
    await (await open()).close();
    await closes(gateway, 'peer');
    (await open()).terminate();
    await closes(gateway, 'lost');
    const parse = await open();
    parse.send('4x');
    await parse.end();
    await closes(gateway, 'parse_error');
    const protocol = await open();
    protocol.send('42/a,["not joined"]');
    await protocol.end();
    await closes(gateway, 'protocol_error');
    const json = await JsonPeer.open(gateway.base);
    json.emit('$disconnect');
    await json.closed;
    await closes(gateway, 'no_namespace');
    const twice = await Polling.open(gateway.base);
    const first = twice.hold();
    await waitFor(() => first.request.socket?.connecting === false, 'the first poll');
    await twice.send('3');
    await twice.get();
    await closes(gateway, 'poll_conflict');
    const dropped = await Polling.open(gateway.base);
    const poll = dropped.hold();
    await dropped.send('3');
    poll.abort();
    await closes(gateway, 'poll_lost');
  });
});

/* Floods room "flood" until done(), through HTTP, whose answers say that each was accepted. */
async function flood(gateway, size, done) {
  const body = JSON.stringify('x'.repeat(size));
  let sent = 0;
  for (; sent < 5000 && !(await done(sent)); sent += 10) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => post(gateway.base, 'flood', { query: '?event=n', body })));
    assert.ok(answers.every((answer) => answer.status === 200));
  }
  return sent;
}

describe('slow readers', () => {
  const slowCount = (gateway) => gateway.metric('closes_total', 'reason="slow"');

  test('a burst in one turn that is larger than max_queue_bytes, but not than the socket takes, cuts nobody who reads', async () => {
    const gateway = await start({ max_queue_bytes: 50_000 });
    const reader = await RawPeer.open(gateway.base, { rooms: ['r'] });
    const session = await Polling.open(gateway.base);
    await session.connect();
    const text = 'x'.repeat(10_000);
    await session.send(...Array.from({ length: 20 }, (_, i) => `42["publish","r","n","${i}${text}"]`));
    for (let i = 0; i < 20; i++) assert.deepEqual((await reader.inbox.next(3000)).args, [`${i}${text}`]);
    assert.equal(await slowCount(gateway), 0);
  });

  const STALLED = [
    ['a Socket.IO WebSocket', async (gateway) => {
      const raw = await RawSocket.open(gateway.port, WS);
      raw.text('40');
      raw.text('421["join","flood"]');
      await raw.frames.find((f) => f.payload.toString().startsWith('431'));
      raw.pause();
      return raw;
    }],
    ['a JSON WebSocket', async (gateway) => {
      const raw = await RawSocket.open(gateway.port, '/ws');
      raw.text('{"event":"join","args":["flood"],"ack":1}');
      await raw.frames.find((f) => f.payload.toString().includes('"ack":1'));
      raw.pause();
      return raw;
    }],
    ['a raw WebSocket', async (gateway) => {
      const raw = await RawSocket.open(gateway.port, '/raw/flood');
      raw.pause();
      return raw;
    }],
    ['an SSE stream', async (gateway) => {
      const socket = net.connect(gateway.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write('GET /sse?room=flood HTTP/1.1\r\nHost: x\r\n\r\n');
      await new Promise((resolve) => socket.once('data', resolve));
      socket.pause();
      return { destroy: () => socket.destroy() };
    }],
    ['a polling session that does not poll', async (gateway) => {
      const session = await Polling.open(gateway.base);
      await session.connect();
      await session.send('421["join","flood"]');
      await session.receive();
      return { destroy: () => {} };
    }],
  ];

  for (const [what, stall] of STALLED) {
    test(`${what} is cut off, the others lose nothing, memory stays flat`, async () => {
      const settings = { max_queue_bytes: 500_000 };
      const gateway = await start(settings, { env: FLAT });
      const good = await RawPeer.open(gateway.base, { rooms: ['flood'] });
      const stalled = await stall(gateway);
      await flood(gateway, 10_000, async (sent) => sent >= 40);
      const before = gateway.rss();
      const sent = 40 + await flood(gateway, 10_000, async (n) => n >= 100 && (await slowCount(gateway)) > 0);
      await closes(gateway, 'slow');
      await waitFor(() => good.inbox.all.length === sent, `${sent} messages at the good one`);
      assert.ok(gateway.rss() - before < 20e6, `grew by ${gateway.rss() - before}`);
      const queued = await gateway.metric('queue_bytes');
      assert.ok(queued < 1e6, `${queued} bytes queued`);
      stalled.destroy();
    });
  }

  test('max_queue_frames', async () => {
    const gateway = await start({ max_queue_frames: 16, max_queue_bytes: 100_000_000 });
    const session = await Polling.open(gateway.base);
    await session.connect();
    await session.send('421["join","flood"]');
    await session.receive();
    for (let i = 0; i < 40; i++) assert.equal((await post(gateway.base, 'flood', { body: '1' })).status, 200);
    await closes(gateway, 'slow');
  });

  test('one frame more than max_queue_bytes is always taken', async () => {
    const gateway = await start({ max_queue_bytes: 1024 });
    const [peer, sender] = [await SocketioPeer.open(gateway.base, { rooms: ['r'] }), await SocketioPeer.open(gateway.base)];
    const text = 'x'.repeat(100_000);
    await sender.publish('r', 'n', text);
    assert.deepEqual((await peer.heard('n')).args, [text]);
  });

  test('volatile events are dropped for who is behind, and counted; it is not closed', async () => {
    const gateway = await start({ max_queue_bytes: 10_000_000, send_buffer_bytes: 16384 });
    const raw = await RawSocket.open(gateway.port, WS);
    raw.text('40');
    raw.text('421["join","v"]');
    await raw.frames.find((f) => f.payload.toString().startsWith('431'));
    raw.pause();
    const sender = await SocketioPeer.open(gateway.base);
    const text = 'x'.repeat(50_000);
    await waitFor(async () => {
      for (let i = 0; i < 20; i++) await sender.ask('maybe', 'v', text);
      return await gateway.metric('dropped_total', 'reason="volatile"') > 20;
    }, 'drops');
    assert.equal(await slowCount(gateway), 0);
    raw.resume();
    await waitFor(async () => {
      await sender.ask('maybe', 'v', 'after');
      return raw.frames.all.some((f) => f.opcode === OP.TEXT && f.payload.includes('"after"'));
    }, 'volatile events come again');
    raw.destroy();
  });

  test('what is for a connection that is closing is counted', async () => {
    const gateway = await start({ max_queue_frames: 16 });
    const session = await Polling.open(gateway.base);
    await session.connect();
    await session.send('421["join","flood"]');
    await session.receive();
    await session.send(...Array.from({ length: 60 }, (_, i) => `42["publish","flood","e",${i}]`));
    await session.post('42');
    for (let i = 0; i < 60; i++) await post(gateway.base, 'flood', { body: '1' });
    await gateway.metricIs('dropped_total', 'reason="connection_closed"', (v) => v > 0);
  });

  test('send_buffer_bytes: with the system\'s own, large ones and small ones, a burst arrives whole', async () => {
    for (const size of [0, 4096, 1_000_000]) {
      const gateway = await start({ send_buffer_bytes: size });
      const peer = await SocketioPeer.open(gateway.base, { rooms: ['r'] });
      const stream = await SsePeer.open(gateway.base, { rooms: ['r'], events: ['n'] });
      const big = 'x'.repeat(300_000);
      for (let i = 0; i < 3; i++) await peer.publish('r', 'n', i, big);
      for (let i = 0; i < 3; i++) {
        assert.deepEqual((await peer.heard('n')).args, [i, big]);
        assert.deepEqual((await stream.heard('n')).args, [i, big]);
      }
    }
  });
});
