// SPDX-License-Identifier: Apache-2.0
// What is measured. A row: who takes part; its measurements in order, each a kind (measures.mjs) with options of the
// load generator, perhaps only for some of the peers; and what must come out. A server is started anew for each run of
// a row and goes through all measurements of it, so that what is compiled while it runs has been by then.
const ONE_ROOM = { connections: 1000, rooms: 1, publishers: 1, size: 64 };

const at = (rate, more) => ({ kind: 'rate', ...more, load: { rate, ...more?.load } });
const highest = { kind: 'highest' };
const share = { kind: 'rate', load: { share: 0.7 } }; /* of the peer's own highest rate */

/* The figure of a peer in a measurement, as a multiple of another's, or of the same peer's in another measurement. */
const goal = (figure, of, to, limit) => ({ figure, of, to, ...limit });
const atMost = (factor) => ({ atMost: factor });
const atLeast = (factor) => ({ atLeast: factor });

/* A million deliveries a second: what one costs falls with the rate, as more of them are sent together, so that costs
   at rates of one's own (70 %) say little about servers whose highest rates differ. */
const million = (connections) => at(1e6 / connections, { except: ['socketio', 'ws', 'nchan'] });

const broadcast = (title, name, load, costs, more = {}) => ({
  name,
  title,
  peers: more.peers ?? ['roomcast', 'socketio', 'reference'],
  load: { ...ONE_ROOM, ...load },
  measures: { highest, '70 %': share, '1 M deliveries/s': million(load.connections ?? ONE_ROOM.connections) },
  goals: [
    goal('cpu_us', ['roomcast', '1 M deliveries/s'], ['reference', '1 M deliveries/s'], atMost(1.25)),
    goal('cpu_us', ['roomcast', '70 %'], ['socketio', '70 %'], atMost(costs)),
    goal('cpu_us', ['roomcast', '70 %'], ['reference', '70 %'], atMost(1.25)),
    ...(more.goals ?? []),
  ],
});

export const rows = [
  broadcast('1 room of 1,000, 64 bytes', 'broadcast', {}, 1 / 15, {
    peers: ['roomcast', 'socketio', 'ws', 'nchan', 'reference'],
    goals: [goal('deliveries_per_second', ['roomcast', 'highest'], ['socketio', 'highest'], atLeast(20))],
  }),
  broadcast('1 room of 1,000, 1 KiB', 'broadcast-1k', { size: 1024 }, 1 / 8),
  broadcast('1 room of 100, 64 bytes', 'broadcast-100', { connections: 100 }, 1 / 8),
  broadcast('1 room of 5,000, 64 bytes', 'broadcast-5000', { connections: 5000 }, 1 / 8),
  {
    name: 'rates',
    title: '1 room of 1,000, 64 bytes, at the same rate for all',
    peers: ['roomcast', 'roomcast-raw', 'socketio', 'ws', 'nchan', 'reference'],
    load: ONE_ROOM,
    measures: {
      '10 a second': at(10, { load: { seconds: 15 } }),
      '30 a second': at(30, { load: { seconds: 10 } }),
      '90 a second': at(90, { except: ['socketio'] }),
    },
    goals: ['10 a second', '30 a second'].flatMap((rate) => [
      goal('cpu_us', ['roomcast', rate], ['reference', rate], atMost(1.15)),
      goal('cpu_us', ['roomcast', rate], ['socketio', rate], atMost(0.5)),
      goal('p99_ms', ['roomcast', rate], ['reference', rate], atMost(1.1)),
    ]),
  },
  {
    name: 'bursts',
    title: '1 room of 1,000, 64 bytes, messages that come together',
    peers: ['roomcast', 'reference'],
    load: ONE_ROOM,
    measures: {
      'bursts of 10': at(200, { load: { burst: 10 } }),
      'bursts of 100': at(500, { load: { burst: 100 } }),
    },
    goals: ['bursts of 10', 'bursts of 100'].map((burst) =>
      goal('cpu_us', ['roomcast', burst], ['reference', burst], atMost(1.3))),
  },
  {
    name: 'rooms',
    title: '1,000 rooms of 5, one publisher in each',
    peers: ['roomcast', 'socketio', 'reference'],
    load: { connections: 5000, rooms: 1000, publishers: 1000, size: 64 },
    measures: { highest, '1,000 a second': at(1000) },
    goals: [
      goal('messages_per_second', ['roomcast', 'highest'], ['socketio', 'highest'], atLeast(2.5)),
      goal('cpu_us', ['roomcast', '1,000 a second'], ['socketio', '1,000 a second'], atMost(0.4)),
    ],
  },
  {
    name: 'cluster',
    title: 'a cluster of 2 with Redis, 1 room of 1,000',
    peers: ['roomcast-2', 'socketio-sharded', 'socketio-classic'],
    load: ONE_ROOM,
    measures: { highest, '30 a second': at(30) },
    goals: [
      goal('messages_per_second', ['roomcast-2', 'highest'], ['socketio-sharded', 'highest'], atLeast(15)),
      goal('cpu_us', ['roomcast-2', '30 a second'], ['socketio-sharded', '30 a second'], atMost(0.45)),
    ],
  },
  {
    name: 'cluster-rooms',
    title: 'a cluster of 2 with Redis, 1,000 rooms of 5, one publisher in each',
    peers: ['roomcast-2', 'socketio-classic', 'socketio-sharded'],
    load: { connections: 5000, rooms: 1000, publishers: 1000, size: 64 },
    measures: { highest, '1,000 a second': at(1000) },
    goals: [
      goal('messages_per_second', ['roomcast-2', 'highest'], ['socketio-classic', 'highest'], atLeast(5)),
      goal('cpu_us', ['roomcast-2', '1,000 a second'], ['socketio-classic', '1,000 a second'], atMost(0.3)),
    ],
  },
  {
    name: 'connections',
    title: 'connections from nothing to the joined room, idle from then on',
    peers: ['roomcast', 'socketio', 'ws', 'nchan', 'reference'],
    load: { rooms: 100 },
    measures: Object.fromEntries([2000, 10_000, 19_000].map((connections) =>
      [`${connections.toLocaleString('en-US')} connections`,
        { kind: 'idle', load: { connections }, anew: true, except: connections > 18_000 ? ['nchan'] : [] }])), /* its files */
    goals: [
      goal('bytes_per_connection', ['roomcast', '10,000 connections'], null, atMost(4096)),
      goal('bytes_per_connection', ['roomcast', '19,000 connections'], null, atMost(4096)),
      goal('handshakes_per_cpu_second', ['roomcast', '19,000 connections'], ['socketio', '19,000 connections'], atLeast(5)),
      goal('handshake_us', ['roomcast', '19,000 connections'], ['roomcast', '2,000 connections'], atMost(1.2)),
    ],
  },
  {
    name: 'idle',
    title: '3 gateways of 15,000 idle connections each, pinged every 25 s',
    peers: ['roomcast-3'],
    load: { rooms: 100, connections: 45_000, processes: 3 },
    measures: { 'one round of pings': { kind: 'idle', load: { seconds: 27 } } },
    goals: [goal('cpu_share_each', ['roomcast-3', 'one round of pings'], null, atMost(0.05))],
  },
  {
    name: 'slow',
    title: '1 room of a publisher and 200 readers, of whom 20 stop reading',
    peers: ['roomcast'],
    load: { connections: 201, rooms: 1, publishers: 1, rate: 500, size: 1024, seconds: 10 },
    measures: {
      'all read': { kind: 'rate', load: {} },
      '20 stalled': { kind: 'slow', load: { stalled: 0.1 } },
    },
    goals: [
      goal('p99_ms', ['roomcast', '20 stalled'], ['roomcast', 'all read'], atMost(1.1)),
      goal('lost', ['roomcast', '20 stalled'], null, atMost(0)),
      goal('memory_bytes', ['roomcast', '20 stalled'], null, atMost(20 << 20)), /* max_queue_bytes of each */
    ],
  },
  {
    name: 'generator',
    title: 'the load generator itself',
    peers: ['source', 'source-packed'],
    load: { connections: 100, rooms: 1 },
    measures: { reading: { kind: 'reading', load: {} } },
    goals: ['source', 'source-packed'].map((peer) =>
      goal('frames_per_cpu_second', [peer, 'reading'], null, atLeast(500_000))),
  },
];
