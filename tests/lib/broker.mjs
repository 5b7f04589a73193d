// SPDX-License-Identifier: Apache-2.0
// A small broker in this process, whose faults are chosen by the test, and runs of roomcast-load against it.
// ROOMCAST_LOAD names the program, if it is not that of build/asan.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from './packages.mjs';
import { Process, temporaryFolder } from './process.mjs';
import { waitFor } from './wait.mjs';

export const LOAD = process.env.ROOMCAST_LOAD
  ?? resolve(fileURLToPath(import.meta.url), '../../../build/asan/roomcast-load');
const folder = temporaryFolder('load');
const FAULTS = ['lost', 'duplicated', 'out_of_order', 'wrong_room', 'unexpected', 'away', 'disconnected', 'missed',
  'connect_failed', 'unanswered', 'unsent'];
let reports = 0;

/* How each dialect looks from the server. */
export const dialects = {
  socketio: {
    greet: (peer) => peer.send('0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'),
    hear(peer, text, broker) {
      if (text === '40') peer.send('40{"sid":"x"}');
      if (text === '3') broker.pongs++;
      const event = /^42(\d+)(\[.*\])$/.exec(text);
      if (event) broker.event(peer, Number(event[1]), JSON.parse(event[2]));
    },
    ping: (peer) => peer.send('2'),
    ack: (id, answer) => `43${id}[${JSON.stringify(answer)}]`,
    refuse: (id) => `43${id}[{"error":{"code":"unavailable"}}]`,
    message: (room, event, value) => `42${JSON.stringify([event, value])}`,
  },
  json: {
    greet(peer, broker) {
      peer.on('pong', () => broker.pongs++);
      peer.send('{"event":"$welcome","args":[{"id":"x","node":"n"}]}');
    },
    hear(peer, text, broker) {
      const { event, args, ack } = JSON.parse(text);
      broker.event(peer, ack, [event, ...args]);
    },
    ping: (peer) => peer.ping(),
    ack: (id, answer) => JSON.stringify({ ack: id, args: [answer] }),
    refuse: (id) => JSON.stringify({ ack: id, error: { code: 'unavailable', message: 'down' } }),
    message: (room, event, value) => JSON.stringify({ event, args: [value], room }),
  },
};

/* What it does with each publication, delivery (broker, member, room, text, value), answer and join can be replaced by
   a fault, which returns true when it has done what there is to do. `server` are options of the WebSocket server. */
export class Broker {
  constructor(dialect, faults = {}) {
    Object.assign(this, { dialect: dialects[dialect], rooms: new Map(), joins: {}, publishers: new Map(), deliveries: 0,
      published: 0, pongs: 0, connections: 0, faults });
  }

  async start() {
    this.server = new WebSocket.Server({ host: '127.0.0.1', port: 0, ...this.faults.server });
    this.server.on('connection', (peer, request) => {
      this.connections++;
      peer.chunk = 0;
      request.socket.prependListener('data', () => peer.chunk++);
      peer.on('message', (data) => peer.dismissed || this.dialect.hear(peer, data.toString(), this));
      peer.on('error', () => {});
      peer.on('close', () => this.leave(peer));
      this.dialect.greet(peer, this);
    });
    await once(this.server, 'listening');
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  stop() {
    for (const peer of this.server.clients) peer.terminate();
    this.server.close();
  }

  event(peer, id, [name, room, event, value]) {
    if (name === 'join') {
      peer.room = room;
      if (this.faults.join?.(this, peer, id)) return;
      this.enter(peer);
      peer.send(this.dialect.ack(id, { ok: true }));
      return;
    }
    assert.equal(name, 'publish');
    this.published++;
    this.publishers.set(room, peer);
    if (this.faults.publish?.(this, peer, id, value)) return;
    const text = this.dialect.message(room, event, value);
    for (const member of [...this.rooms.get(room) ?? []]) {
      this.deliveries++;
      if (!this.faults.deliver?.(this, member, room, text, value)) member.send(text);
    }
    if (!this.faults.answer?.(this, peer, id, value)) peer.send(this.dialect.ack(id, { ok: true }));
  }

  enter(peer) {
    if (!this.rooms.has(peer.room)) this.rooms.set(peer.room, []);
    this.rooms.get(peer.room).push(peer);
    this.joins[peer.room] = (this.joins[peer.room] ?? 0) + 1;
  }

  leave(peer) {
    const members = this.rooms.get(peer.room) ?? [];
    if (members.includes(peer)) members.splice(members.indexOf(peer), 1);
  }

  /* Says goodbye to a peer; what it still sends is ignored, and it gets nothing any more. */
  dismiss(peer, reason = 'too slow') {
    peer.dismissed = true;
    this.leave(peer);
    peer.close(1008, reason);
  }

  /* The member of a room that publishes, or one that only listens. */
  member(room, publisher) {
    return this.rooms.get(room).find((peer) => (peer === this.publishers.get(room)) === publisher);
  }

  /* Some member of another room. */
  stranger(room) {
    return [...this.rooms].find(([name]) => name !== room)[1][0];
  }
}

/* A fault that strikes once: a message in the middle of the run (sequence number 5 of publisher 1), at one of its
   receivers. */
export const once5 = (act) => {
  let done = false;
  return (broker, member, room, text, value) => {
    if (done || value.p !== 1 || value.s !== 5) return false;
    done = true;
    return act(broker, member, room, text, value);
  };
};

const OPTIONS = ['--connections', '12', '--rooms', '3', '--publishers', '3', '--rate', '150', '--duration', '0.4',
  '--drain-timeout', '1', '--interval', '0.1'];

/* A run that has begun. */
export class Load {
  constructor(url, options = []) {
    this.file = join(folder, `report-${++reports}.json`);
    this.program = new Process('roomcast-load', LOAD, ['--url', url, ...OPTIONS, '--json', this.file, ...options]);
  }

  /* A progress line or message. */
  said(pattern, ms) {
    return waitFor(() => pattern.exec(this.program.stderr), `roomcast-load says ${pattern}`, ms);
  }

  /* The process ids of its load processes. */
  processes() {
    const { pid } = this.program;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  }

  /* At its end: its status, what it printed, and its report. */
  async end(ms = 60_000) {
    const { code, signal, error } = await this.program.exit(ms);
    if (error) throw error;
    let report = null;
    try {
      report = JSON.parse(readFileSync(this.file, 'utf8'));
    } catch (problem) {
      if (problem.code !== 'ENOENT') throw problem;
    }
    const { stdout, stderr } = this.program;
    assert.doesNotMatch(stderr, /Sanitizer|runtime error|Assertion/);
    return { code, signal, stdout, stderr, report, said: stdout + stderr };
  }
}

export const load = (url, options) => new Load(url, options).end();

/* A run against a broker with these faults. */
export async function run(dialect, faults, options = []) {
  const broker = await new Broker(dialect, faults).start();
  try {
    return { broker, ...await load(broker.url, ['--dialect', dialect, ...options]) };
  } finally {
    broker.stop();
  }
}

/* Exactly the expected counters are not 0, and the exit status is right. */
export function assertCounters({ code, report, said, stdout }, expected, status = 1) {
  const found = Object.fromEntries(FAULTS.filter((name) => report?.[name] > 0).map((name) => [name, report[name]]));
  assert.deepEqual(found, expected, said);
  assert.equal(code, status, said);
  assert.equal(report.ok, status === 0);
  if (status === 1) for (const name of Object.keys(expected)) assert.match(stdout, new RegExp(`FAILED: ${name} `));
}
