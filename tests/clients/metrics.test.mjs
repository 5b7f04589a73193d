// SPDX-License-Identifier: Apache-2.0
// The numbers of /metrics against what really happened, and that every row of the tables is there. That each series
// moves in some test is checked over all tests at the end, by tests/lib/coverage.mjs.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { EngineSocket, Polling, Socket, wsUrl } from '../lib/engineio.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { fetchHttp } from '../lib/http.mjs';
import { parseMetrics, value } from '../lib/metrics.mjs';
import { neverMoved } from '../lib/coverage.mjs';
import { closePeers, JsonPeer, post, RawPeer, SocketioPeer, SsePeer } from '../lib/peers.mjs';
import { testNamespaces } from '../lib/routes.mjs';

const source = (path) => readFileSync(new URL(`../../core/base/${path}`, import.meta.url), 'utf8');
let gateway;
let base;

before(async () => {
  gateway = await startGateway({ namespaces: testNamespaces });
  base = gateway.base;
});
afterEach(closePeers);
after(stopGateways);

const rows = [...source('metrics_table.h').matchAll(/^X\(M_\w+, (GAUGE|COUNTER), "(\w+)", "((?:[^"\\]|\\.)*)"/gm)]
  .map(([, kind, name, labels]) => ({ kind, name, labels: labels.replaceAll('\\"', '"') }));
const reasons = [...source('close_reason.h').matchAll(/^ +X\(CLOSE_\w+, "(\w+)"/gm)].map(([, name]) => name);
const errors = [...source('err.h').matchAll(/^ +X\(ERR_\w+, -\d+, "(\w+)"/gm)].map(([, name]) => name);

test('every row of the tables is a series, with its type', async () => {
  const { text } = await fetchHttp(`${base}/metrics`);
  const series = parseMetrics(text);
  assert.ok(rows.length > 30 && reasons.length > 10 && errors.length > 15);
  for (const { kind, name, labels } of rows) {
    value(series, name, labels);
    assert.ok(text.includes(`# TYPE roomcast_${name} ${kind.toLowerCase()}\n`), name);
  }
  for (const reason of reasons) value(series, 'closes_total', `reason="${reason}"`);
  for (const reason of errors) value(series, 'refusals_total', `reason="${reason}"`);
  assert.equal(text.match(/^# TYPE/gm).length, new Set(text.match(/^# TYPE \S+/gm)).size, 'each name is described once');
});

/* The change of every series while something is done. */
async function changes(what) {
  const before = await gateway.metrics();
  await what();
  const after = await gateway.metrics();
  return Object.fromEntries(Object.entries(after).map(([name, v]) => [name.replace('roomcast_', ''), v - before[name]]));
}

describe('connections', () => {
  const OPEN = [
    ['dialect="socketio",transport="websocket"', 'dialect="socketio"', () => SocketioPeer.open(base)],
    ['dialect="socketio",transport="polling"', 'dialect="socketio"', () => SocketioPeer.open(base, { transport: 'polling' })],
    ['dialect="json",transport="websocket"', 'dialect="json"', () => JsonPeer.open(base)],
    ['dialect="raw",transport="websocket"', 'dialect="raw"', () => RawPeer.open(base, { rooms: ['r'] })],
    ['dialect="sse",transport="stream"', 'dialect="sse"', () => SsePeer.open(base, { rooms: ['r'] })],
  ];

  for (const [labels, opened, open] of OPEN) {
    test(labels, async () => {
      let peer;
      const change = await changes(async () => { peer = await open(); });
      assert.equal(change[`connections{${labels}}`], 1);
      assert.equal(change[`connections_opened_total{${opened}}`], 1);
      assert.equal(change.clients, 1);
      assert.ok(change.http_requests_total >= 1);
      peer.close();
      await gateway.metricIs('connections', labels, 0);
      await gateway.metricIs('clients', '', 0);
    });
  }

  test('an upgrade moves the connection from one series to the other', async () => {
    const session = await Polling.open(base);
    await session.connect();
    const change = await changes(async () => {
      const socket = await Socket.open(wsUrl(base, `&sid=${session.sid}`));
      socket.send('2probe');
      await socket.next();
      socket.send('5', '421["quiet"]');
      await socket.next();
    });
    assert.equal(change['connections{dialect="socketio",transport="polling"}'], -1);
    assert.equal(change['connections{dialect="socketio",transport="websocket"}'], 1);
    assert.equal(change.upgrades_total, 1);
    assert.equal(change.upgrades_failed_total, 0);
  });
});

test('publications, deliveries, acks, bytes and writes', async () => {
  const [a, b, c] = [await SocketioPeer.open(base, { rooms: ['m'] }), await JsonPeer.open(base, { rooms: ['m'] }), await SocketioPeer.open(base)];
  const change = await changes(async () => {
    for (let i = 0; i < 10; i++) await c.publish('m', 'n', 'x'.repeat(1000));
    for (let i = 0; i < 10; i++) await Promise.all([a.heard('n'), b.heard('n')]);
  });
  assert.equal(change.events_received_total, 10);
  assert.equal(change['publications_total{result="accepted"}'], 10);
  assert.equal(change.acks_sent_total, 10);
  assert.equal(change.deliveries_total, 20);
  assert.ok(change.publications_received_total >= 10);
  assert.ok(change.received_bytes_total > 10_000 && change.received_bytes_total < 12_000, String(change.received_bytes_total));
  /* with a page of /metrics */
  assert.ok(change.sent_bytes_total > 20_000 && change.sent_bytes_total < 35_000, String(change.sent_bytes_total));
  assert.ok(change.writes_total >= 20 && change.writes_total <= 60, String(change.writes_total));
  assert.ok(change['loop_lag_seconds_count'] > 0);
});

test('rooms and memberships', async () => {
  const change = await changes(async () => {
    const peer = await SocketioPeer.open(base, { rooms: ['p', 'q'] });
    await (await SocketioPeer.open(base, { rooms: ['q'] })).ask('quiet');
    await peer.ask('quiet');
  });
  assert.equal(change.rooms, 2);
  assert.equal(change.memberships, 3);
});

test('requests of a client and its acks', async () => {
  const peer = await SocketioPeer.open(base);
  peer.socket.on('q', (x, ack) => ack(x));
  const change = await changes(async () => {
    assert.equal((await post(base, peer.id, { query: '?event=q&ack=1', body: '1' })).status, 200);
    assert.equal((await post(base, 'r', { body: '1' })).status, 200);
  });
  assert.equal(change.acks_received_total, 1);
  assert.equal(change.http_publishes_total, 2);
});

/* The reasons that nothing else brings about in passing. */
describe('refusals', () => {
  const REFUSE = [
    ['parse_error', () => post(base, 'r', { body: '{' })],
    ['bad_request', async () => {
      const peer = await JsonPeer.open(base);
      peer.sendText('{"event":"quiet","args":{}}');
      await peer.inbox.next();
    }],
    ['forbidden', async () => {
      const guarded = await startGateway({ settings: { publish_token: 't' } });
      const { code } = (await post(guarded.base, 'r', { body: '1' })).json.error;
      assert.ok(await guarded.metric('refusals_total', `reason="${code}"`) >= 1);
    }],
    ['gone', () => post(base, '~nobody~AAAAAAAAAAAAAAAAAAAA', { query: '?ack=1&timeout_ms=100', body: '1' })],
    ['not_connected', async () => (await JsonPeer.open(base)).request({ event: 'quiet', ns: '/admin' })],
    ['invalid_namespace', async () => {
      const socket = await EngineSocket.open(base);
      socket.send('40/nope,');
      await socket.next();
      socket.terminate();
    }],
  ];

  for (const [reason, refuse] of REFUSE) {
    test(reason, async () => {
      const change = await changes(refuse);
      if (reason !== 'forbidden') assert.ok(change[`refusals_total{reason="${reason}"}`] >= 1, JSON.stringify(change));
    });
  }
});

test('the check of all series finds one that never moved', () => {
  const line = (series) => JSON.stringify({ gateway: 'g', series });
  assert.deepEqual(neverMoved([line({ a: 0, b: 1, c: 0 }), line({ a: 0, b: 0, c: 2 })]), ['a']);
});
