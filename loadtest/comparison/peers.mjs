// SPDX-License-Identifier: Apache-2.0
// Who is compared: how it is started, what it needs (machine.mjs), how the load generator
// speaks to it, and the rate where the search for its highest one begins.
const RAW = ['--dialect', 'raw', '--path', '/raw/{room}'];

export const peers = {
  roomcast: { title: 'Roomcast', first: 1000, start: (servers) => servers.gateways(1) },
  'roomcast-raw': { title: 'Roomcast, raw WebSocket', load: RAW, start: (servers) => servers.gateways(1) },
  'roomcast-2': {
    title: '2 Roomcast gateways, Redis',
    first: 500,
    needs: ['redis'],
    start: async (servers) => servers.gateways(2, await servers.redis()),
  },
  'roomcast-3': {
    title: '3 Roomcast gateways, Redis',
    needs: ['redis'],
    start: async (servers) => servers.gateways(3, await servers.redis()),
  },
  socketio: { title: 'Node socket.io', needs: ['npm'], start: (servers) => servers.node(1, 'socketio.mjs') },
  'socketio-classic': {
    title: '2 Node socket.io, classic Redis adapter',
    needs: ['npm', 'redis'],
    start: async (servers) => servers.node(2, 'socketio.mjs', 'classic', await servers.redis()),
  },
  'socketio-sharded': {
    title: '2 Node socket.io, sharded Redis adapter',
    needs: ['npm', 'redis'],
    start: async (servers) => servers.node(2, 'socketio.mjs', 'sharded', await servers.redis()),
  },
  ws: { title: 'Node ws', needs: ['npm'], load: RAW, start: (servers) => servers.node(1, 'ws.mjs') },
  nchan: { title: 'NGINX with nchan', needs: ['nchan'], load: RAW, start: (servers) => servers.nchan() },
  reference: { title: 'bare epoll reference', first: 1000, load: RAW, start: (servers) => servers.reference() },
  source: {
    title: 'bare source, one frame per write',
    load: RAW,
    start: (servers) => servers.reference('--source', 2000),
  },
  'source-packed': {
    title: 'bare source, 10 frames per write',
    load: RAW,
    start: (servers) => servers.reference('--source', 20_000, '--burst', 10),
  },
};

/* Everything that these peers need. */
export const needsOf = (names) => [...new Set(['always', ...names.flatMap((name) => peers[name].needs ?? [])])];
