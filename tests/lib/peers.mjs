// SPDX-License-Identifier: Apache-2.0
// One kind of object for clients of every dialect, so that a test can say "each of these publishes, each of those
// hears it": join, publish, and an inbox of {event, args}, in which binary stands as {"$binary": "<base64>"}.
import assert from 'node:assert/strict';
import { fetchHttp } from './http.mjs';
import { EventSource, io, WebSocket } from './packages.mjs';
import { Inbox, within } from './wait.mjs';

const open = new Set();

/* For afterEach() or after(): ends every peer that is still open. */
export function closePeers() {
  for (const peer of [...open]) peer.close();
}

/* The same value with Buffers written as the JSON dialect writes them. */
export function plain(value) {
  if (Buffer.isBuffer(value) || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return { $binary: Buffer.from(value.buffer ?? value, value.byteOffset ?? 0, value.byteLength).toString('base64') };
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

class Peer {
  constructor(dialect) {
    this.dialect = dialect;
    this.inbox = new Inbox(dialect);
    open.add(this);
  }

  /* The next event of that name (any, without one). */
  heard(event, ms) {
    return this.inbox.find((item) => event === undefined || item.event === event, ms, `event ${event ?? ''}`);
  }

  forget() {
    open.delete(this);
  }
}

/* The real socket.io-client. transports: websocket, polling, or upgrade. */
export class SocketioPeer extends Peer {
  static async open(base, { ns = '', transport = 'websocket', rooms = [], ...options } = {}) {
    const self = new SocketioPeer(`socketio/${transport}`);
    const transports = transport === 'upgrade' ? ['polling', 'websocket'] : [transport];
    self.socket = io(`${base}${ns}`, { transports, forceNew: true, reconnection: false, ...options });
    self.socket.onAny((event, ...args) => self.inbox.push({ event, args: plain(args) }));
    await self.connected();
    for (const room of rooms) await self.join(room);
    return self;
  }

  connected(ms = 10_000) {
    return within(new Promise((resolve, reject) => {
      if (this.socket.connected) resolve();
      this.socket.once('connect', resolve);
      if (!this.socket.io._reconnection) this.socket.once('connect_error', reject);
    }), ms, `${this.dialect} connects`);
  }

  get id() {
    return this.socket.id;
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }

  emit(event, ...args) {
    this.socket.emit(event, ...args);
  }

  /* The ack's arguments. */
  async ask(event, ...args) {
    const ack = new Promise((resolve) => this.socket.emit(event, ...args, (...answer) => resolve(plain(answer))));
    return within(ack, 10_000, `${this.dialect}: ack of ${event}`);
  }

  async join(room) {
    assert.deepEqual(await this.ask('join', room), [{ ok: true, room }]);
  }

  async leave(room) {
    assert.deepEqual(await this.ask('leave', room), [{ ok: true }]);
  }

  async publish(room, event, ...args) {
    assert.deepEqual(await this.ask('publish', room, event, ...args), [{ ok: true }]);
  }

  close() {
    this.forget();
    this.socket.disconnect();
  }
}

/* The JSON dialect over `ws`. The inbox also holds the raw objects, as item.raw. */
export class JsonPeer extends Peer {
  static async open(base, { query = '', headers = {}, rooms = [] } = {}) {
    const self = new JsonPeer('json');
    self.acks = 0;
    self.waiting = new Map();
    self.ws = new WebSocket(`${base.replace('http', 'ws')}/ws${query}`, { headers });
    self.closed = new Promise((resolve) => {
      self.ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    self.ws.on('message', (data, binary) => self.message(data.toString(), binary));
    await within(new Promise((resolve, reject) => self.ws.on('open', resolve).on('error', reject)), 10_000, 'open /ws');
    const welcome = await self.inbox.next();
    assert.equal(welcome.event, '$welcome');
    [self.welcome] = welcome.args;
    for (const room of rooms) await self.join(room);
    return self;
  }

  message(text, binary) {
    assert.equal(binary, false, 'the JSON dialect sends text');
    const raw = JSON.parse(text);
    const waiter = 'ack' in raw && !('event' in raw) && this.waiting.get(raw.ack);
    if (!waiter) {
      this.inbox.push({ event: raw.event, args: raw.args, raw, text });
      return;
    }
    this.waiting.delete(raw.ack);
    waiter(raw);
  }

  get id() {
    return this.welcome.id;
  }

  sendText(text) {
    this.ws.send(text);
  }

  emit(event, ...args) {
    this.ws.send(JSON.stringify({ event, args: plain(args) }));
  }

  /* The whole answer: {ack, args} or {ack, error}. */
  async request(object) {
    const ack = ++this.acks;
    const answer = new Promise((resolve) => this.waiting.set(ack, resolve));
    this.ws.send(JSON.stringify({ ...object, ack }));
    return within(answer, 10_000, `json: answer to ${JSON.stringify(object).slice(0, 200)}`);
  }

  async ask(event, ...args) {
    const answer = await this.request({ event, args: plain(args) });
    assert.equal(answer.error, undefined, JSON.stringify(answer));
    return answer.args;
  }

  async join(room) {
    assert.deepEqual(await this.ask('join', room), [{ ok: true, room }]);
  }

  async leave(room) {
    assert.deepEqual(await this.ask('leave', room), [{ ok: true }]);
  }

  async publish(room, event, ...args) {
    assert.deepEqual(await this.ask('publish', room, event, ...args), [{ ok: true }]);
  }

  close() {
    this.forget();
    this.ws.terminate();
  }
}

/* The raw dialect: the inbox holds {event: 'message', args: [string or {"$binary"}]}. */
export class RawPeer extends Peer {
  static async open(base, { rooms: [room], query = '', headers = {} }) {
    const self = new RawPeer('raw');
    self.ws = new WebSocket(`${base.replace('http', 'ws')}/raw/${encodeURIComponent(room)}${query}`, { headers });
    self.closed = new Promise((resolve) => {
      self.ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    self.ws.on('message', (data, binary) => {
      self.inbox.push({ event: 'message', args: [binary ? plain(data) : data.toString()], binary });
    });
    await within(new Promise((resolve, reject) => self.ws.on('open', resolve).on('error', reject)), 10_000, 'open /raw');
    return self;
  }

  send(data) {
    this.ws.send(data);
  }

  close() {
    this.forget();
    this.ws.terminate();
  }
}

/* Server-sent events through the eventsource package; it hears the events whose names it is told. */
export class SsePeer extends Peer {
  static async open(base, { rooms = [], query = '', events = ['message'], headers = {} } = {}) {
    const self = new SsePeer('sse');
    const list = rooms.map((room) => `room=${encodeURIComponent(room)}`).join('&');
    self.source = new EventSource(`${base}/sse?${list}${query}`, { headers });
    for (const event of [...events, '$error', '$open', '$message']) {
      self.source.addEventListener(event, (e) => self.inbox.push({ event, args: JSON.parse(e.data), text: e.data }));
    }
    await within(new Promise((resolve, reject) => {
      self.source.onopen = resolve;
      self.source.onerror = (error) => reject(new Error(`sse: ${error.status ?? ''} ${error.message ?? ''}`));
    }), 10_000, 'open /sse');
    self.source.onerror = () => {};
    return self;
  }

  close() {
    this.forget();
    this.source.close();
  }
}

/* POST /rooms/ROOM. Returns the answer, its body parsed. */
export async function post(base, room, { query = '', body = '', type = 'application/json', headers = {}, ms } = {}) {
  const answer = await fetchHttp(`${base}/rooms/${encodeURIComponent(room)}${query}`, {
    method: 'POST', body, headers: { ...(type && { 'Content-Type': type }), ...headers }, ms });
  return { ...answer, json: JSON.parse(answer.text) };
}
