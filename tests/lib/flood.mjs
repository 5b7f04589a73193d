// SPDX-License-Identifier: Apache-2.0
// Clients that send as fast as they can, in a thread of their own, so that they do not slow down whoever measures;
// and what the others notice of them.
import assert from 'node:assert/strict';
import net from 'node:net';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { deflate, dense } from './deflate.mjs';
import { fetchHttp } from './http.mjs';
import { delay, now } from './wait.mjs';

const ROUNDS = 15;
const LATE = 200; /* ms more than without the flood; most of it is the machine's and the sanitizers' */

/* A client frame whose mask is zero. */
function textFrame(text) {
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body]);
}

/* The same, of a compressed message of at most 64 KiB. */
function compressedFrame(text) {
  const body = deflate(text);
  return Buffer.concat([Buffer.from([0xc1, 0x80 | 126, body.length >> 8, body.length & 255, 0, 0, 0, 0]), body]);
}

const upgradeTo = (path, more = '') =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${more}` +
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`;
const upgrade = upgradeTo('/socket.io/?EIO=4&transport=websocket');

export const repeat = (bytes, size) => Buffer.concat(Array(Math.ceil(size / bytes.length)).fill(Buffer.from(bytes)));

/* Each of `connections` sends `hello`, and, when that is answered, `chunk` for ever; without a chunk it closes then,
   and begins anew. Returns what ends it. */
export function flood({ port, connections, hello = '', chunk = null }) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { port, connections, hello, chunk } });
  return () => worker.terminate();
}

/* Socket.IO clients that emit one event again and again. */
export const floodEvents = (port, connections, event) => flood({
  port, connections, hello: Buffer.concat([Buffer.from(upgrade), textFrame('40')]), chunk: repeat(textFrame(`42${event}`), 65536),
});

/* JSON clients that emit one event of about 1.2 MB again and again, in as few bytes as are let pass. */
export const floodCompressed = (port, connections) => flood({
  port,
  connections,
  hello: upgradeTo('/ws', 'Sec-WebSocket-Extensions: permessage-deflate\r\n'),
  chunk: repeat(compressedFrame(`{"event":"none","args":["${dense(8000).slice(0, -100)}"]}`), 65536),
});

/* WebSockets that come and go. */
export const floodConnections = (port, connections) => flood({ port, connections, hello: upgrade });

function send(socket, chunk) {
  while (!socket.destroyed && socket.write(chunk));
  socket.once('drain', () => send(socket, chunk));
}

function connect({ port, hello, chunk }) {
  const socket = net.connect(port, '127.0.0.1', () => (hello ? socket.write(hello) : send(socket, chunk)));
  socket.on('error', () => {});
  socket.on('close', () => setImmediate(connect, workerData));
  socket.once('data', () => {
    if (chunk === null) socket.destroy();
    else if (hello) send(socket, chunk);
    socket.resume();
  });
}

async function timed(work) {
  const start = now();
  await work();
  return now() - start;
}

const mean = (list) => list.reduce((sum, ms) => sum + ms, 0) / list.length;

/* In ms: of a publish until it has come back to its sender, which is in the room "calm", and of a new connection. */
async function means(base, peer) {
  const publish = [];
  const connection = [];
  for (let i = 0; i < ROUNDS; i++) {
    const back = () => peer.inbox.find(({ event, args }) => event === 'n' && args[0] === i);
    publish.push(await timed(() => Promise.all([peer.publish('calm', 'n', i), back()])));
    connection.push(await timed(() => fetchHttp(`${base}/healthz`)));
    await delay(10);
  }
  return { publish: mean(publish), connection: mean(connection) };
}

/* peer, on the gateway at base, is served as before while start() floods; begun() waits until the flood is one. */
export async function servesOthers({ base, peer, start, begun }) {
  const before = await means(base, peer);
  const end = await start();
  try {
    await begun();
    const during = await means(base, peer);
    for (const what of ['publish', 'connection']) {
      const took = `${what} takes ${during[what].toFixed(1)} ms, without the flood ${before[what].toFixed(1)} ms`;
      assert.ok(during[what] < before[what] + LATE, took);
    }
  } finally {
    await end();
  }
}

if (!isMainThread) for (let i = 0; i < workerData.connections; i++) connect(workerData);
