// SPDX-License-Identifier: Apache-2.0
// The work of a turn is bounded: while some clients send as fast as they can, in every way that there is, the others
// are served, old connections and new ones.
import { after, afterEach, test } from 'node:test';
import { Polling } from '../lib/engineio.mjs';
import { flood, floodCompressed, floodConnections, floodEvents, repeat, servesOthers } from '../lib/flood.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { closePeers, JsonPeer } from '../lib/peers.mjs';
import { builtin } from '../lib/routes.mjs';

afterEach(closePeers);
after(stopGateways);

/* begun: the series of /metrics that must have passed a number. */
async function survives(start, ...begun) {
  const gateway = await startGateway({ namespaces: { '/': { routes: builtin } }, settings: { max_message_bytes: 10_000_000, compression: true } });
  const { base } = gateway;
  for (let i = 0; i < 20; i++) {
    const member = await JsonPeer.open(base, { rooms: ['flood'] });
    member.inbox.push = () => {};
  }
  const peer = await JsonPeer.open(base, { rooms: ['calm'] });
  await servesOthers({ base, peer, start: () => start(gateway), begun: () => gateway.metricIs(...begun) });
}

const events = ['events_received_total', '', (n) => n > 5000];
const requests = ['http_requests_total', '', (n) => n > 2000];

test('events in small WebSocket messages', () => survives(({ port }) => floodEvents(port, 20, '["publish","flood","x"]'), ...events));

test('large events in small compressed messages', () => survives(
  ({ port }) => floodCompressed(port, 20),
  'inflated_messages_total', '', (n) => n > 200,
));

test('events in large polling payloads', () => survives(async ({ base, port }) => {
  const body = repeat('42["no route"]\x1e', 9_000_000).subarray(0, -1);
  const ends = [];
  for (let i = 0; i < 2; i++) {
    const session = await Polling.open(base);
    await session.post('40');
    const head = `POST /socket.io/?EIO=4&transport=polling&sid=${session.sid} HTTP/1.1\r\nHost: x\r\n`;
    const chunk = Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
    ends.push(flood({ port, connections: 1, chunk }));
  }
  return () => Promise.all(ends.map((end) => end()));
}, ...events));

test('requests that come together', () => survives(({ port }) => flood({
  port, connections: 50, chunk: repeat('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', 65536),
}), ...requests));

test('publications over HTTP', () => survives(({ port }) => flood({
  port, connections: 50, chunk: repeat('POST /rooms/flood HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1', 65536),
}), ...requests));

test('connections that come and go', () => survives(
  ({ port }) => floodConnections(port, 200),
  'connections_opened_total', 'dialect="socketio"', (n) => n > 1000,
));
