// SPDX-License-Identifier: Apache-2.0
// Message compression with Chromium, which always offers it: on its own WebSockets and in the Socket.IO client, alone
// and through NGINX.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { openWindow, startBrowser, stopBrowser } from '../lib/browser.mjs';
import { startCluster, stopCluster } from '../lib/cluster.mjs';

let cluster;

before(async () => {
  cluster = await startCluster({ size: 1, nginx: true, settings: { compression: true } });
  await startBrowser();
});
after(async () => {
  await stopBrowser();
  await stopCluster();
});

/* In the page: opens path, sends messages of these sizes, and says how they came back. */
function throughWebSocket({ sizes }) {
  const ws = new WebSocket(`${location.origin.replace('http', 'ws')}/raw/browser`);
  const texts = sizes.map((n) => Array.from({ length: n / 10 }, (_, i) => String(i * n % 99991).padStart(9, 'é') + ' ').join(''));
  return new Promise((resolve, reject) => {
    const got = [];
    ws.onopen = () => texts.forEach((text) => ws.send(text));
    ws.onclose = ({ code }) => reject(new Error(`closed: ${code}`));
    ws.onmessage = ({ data }) => {
      got.push(data);
      if (got.length === texts.length) resolve({ extensions: ws.extensions, same: got.every((text, i) => text === texts[i]) });
    };
  });
}

async function throughSocketio({ n }) {
  await new Promise((resolve, reject) => {
    const script = document.createElement('script');
    Object.assign(script, { src: '/socket.io/socket.io.js', onload: resolve, onerror: reject });
    document.head.append(script);
  });
  const socket = window.io({ forceNew: true });
  await new Promise((resolve) => socket.on('connect', resolve));
  await new Promise((resolve) => (socket.io.engine.transport.name === 'websocket' ? resolve() : socket.io.engine.once('upgrade', resolve)));
  const value = Array.from({ length: n }, (_, i) => ({ id: i, text: `item ${i}`, price: i * 7919 % 1000 / 10 }));
  const bytes = new Uint8Array(50_000).map((_, i) => i % 251);
  await socket.emitWithAck('join', 'sio');
  const heard = new Promise((resolve) => socket.on('n', (...args) => resolve(args)));
  await socket.emitWithAck('publish', 'sio', 'n', value, bytes);
  const [text, binary] = await heard;
  const same = JSON.stringify(text) === JSON.stringify(value) && new Uint8Array(binary).every((byte, i) => byte === bytes[i]);
  return { extensions: socket.io.engine.transport.ws.extensions, same, size: binary.byteLength };
}

for (const what of ['one gateway', 'NGINX']) {
  test(`Chromium and ${what}`, async () => {
    const [gateway] = cluster.gateways;
    const page = await openWindow(`${what === 'NGINX' ? cluster.base : gateway.base}/tutorial.html`);
    const before = await gateway.metrics();
    const raw = await page.evaluate(throughWebSocket, { sizes: [10, 100, 600, 5000, 10, 100_000, 300_000, 20] });
    assert.match(raw.extensions, /^permessage-deflate/);
    assert.equal(raw.same, true);
    const sio = await page.evaluate(throughSocketio, { n: 500 });
    assert.match(sio.extensions, /^permessage-deflate/);
    assert.deepEqual([sio.same, sio.size], [true, 50_000]);
    const now = await gateway.metrics();
    for (const name of ['deflated', 'inflated']) {
      assert.ok(now[`roomcast_${name}_messages_total`] - before[`roomcast_${name}_messages_total`] >= 6, name);
    }
    assert.deepEqual(page.errors, []);
    await page.context().close();
  });
}
