// SPDX-License-Identifier: Apache-2.0
// The package ws without anything above it: a room for each URL, a broadcast as its documentation shows one, the sender
// included.
//
//   node ws.mjs PORT
import { WebSocket, WebSocketServer } from 'ws';

const rooms = new Map();
const port = Number(process.argv[2]);

const server = new WebSocketServer({ host: '127.0.0.1', port, perMessageDeflate: false, backlog: 4096 });

server.on('connection', (ws, request) => {
  const members = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, members.add(ws));
  ws.on('error', console.error);
  ws.on('message', (data, isBinary) => {
    members.forEach((client) => {
      if (client.readyState === WebSocket.OPEN) client.send(data, { binary: isBinary });
    });
  });
  ws.on('close', () => {
    members.delete(ws);
    if (members.size === 0) rooms.delete(request.url);
  });
});

server.on('listening', () => console.log(`listening on 127.0.0.1:${port}`));
