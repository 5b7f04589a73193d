// SPDX-License-Identifier: Apache-2.0
// Requests that come together, more than one turn takes: all are answered, and a connection whose last request is
// held is still watched.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, test } from 'node:test';
import { payload, Polling } from '../lib/engineio.mjs';
import { startGateway, stopGateways } from '../lib/gateway.mjs';
import { builtin } from '../lib/routes.mjs';
import { repeat } from '../lib/flood.mjs';
import { waitFor } from '../lib/wait.mjs';

after(stopGateways);

const request = (target) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;
const healthz = request('/healthz');

/* A connection that has sent these bytes; text is what it has got. */
function send(port, bytes) {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
  const self = { socket, text: '', error: null };
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => { self.text += chunk; });
  socket.on('error', (error) => { self.error = error; });
  return self;
}

const count = (text, what) => text.split(what).length - 1;
const start = () => startGateway({ namespaces: { '/': { routes: builtin } } });

for (const before of [5, 20, 100]) {
  test(`an event stream behind ${before} requests: its end is noticed`, async () => {
    const gateway = await start();
    const peer = send(gateway.port, healthz.repeat(before) + request('/sse?room=a'));
    await gateway.metricIs('connections', 'dialect="sse",transport="stream"', 1);
    await waitFor(() => peer.text.includes('text/event-stream'), 'the stream begins');
    peer.socket.destroy();
    await gateway.metricIs('connections', 'dialect="sse",transport="stream"', 0, 2000);
  });

  test(`a poll behind ${before} requests: its end is noticed`, async () => {
    const gateway = await start();
    const session = await Polling.open(gateway.base);
    const poll = `/socket.io/?EIO=4&transport=polling&sid=${session.sid}`;
    const peer = send(gateway.port, healthz.repeat(before) + request(poll));
    await waitFor(() => count(peer.text, 'HTTP/1.1 200') === before, 'the requests before it are answered');
    peer.socket.destroy();
    await gateway.metricIs('connections', 'dialect="socketio",transport="polling"', 0, 2000);
  });
}

test('requests behind a payload that takes several turns are all answered', async () => {
  const gateway = await start();
  for (const size of [10, 150, 1000]) {
    const session = await Polling.open(gateway.base);
    const body = payload('40', ...Array.from({ length: size }, (_, i) => `42["x",${i}]`));
    const head = `POST /socket.io/?EIO=4&transport=polling&sid=${session.sid} HTTP/1.1\r\nHost: x\r\n`;
    const post = Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    const rest = repeat(healthz, 8000 * healthz.length);
    const peer = send(gateway.port, Buffer.concat([post, rest]));
    await waitFor(() => peer.error || count(peer.text, 'HTTP/1.1 200') === 8001, `8001 answers behind ${size} packets`, 15_000);
    assert.equal(peer.error, null);
    peer.socket.destroy();
  }
});
