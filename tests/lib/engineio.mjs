// SPDX-License-Identifier: Apache-2.0
// Engine.IO v4 by hand: polling sessions as single requests, and WebSockets whose messages are read one by one.
import assert from 'node:assert/strict';
import { begin, fetchHttp } from './http.mjs';
import { WebSocket } from './packages.mjs';
import { Inbox, within } from './wait.mjs';

const SEPARATOR = '\x1e';

export const packets = (text) => text.split(SEPARATOR);
export const payload = (...parts) => parts.join(SEPARATOR);

/* One polling session. */
export class Polling {
  static async open(base, query = '') {
    const self = new Polling();
    self.base = base;
    const answer = await fetchHttp(`${base}/socket.io/?EIO=4&transport=polling${query}`);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text[0], '0', answer.text);
    self.handshake = JSON.parse(packets(answer.text)[0].slice(1));
    self.sid = self.handshake.sid;
    return self;
  }

  url(query = '') {
    return `${this.base}/socket.io/?EIO=4&transport=polling&sid=${encodeURIComponent(this.sid)}${query}`;
  }

  /* A GET that may be held: {answer, abort}. */
  hold() {
    return begin(this.url());
  }

  get(options) {
    return fetchHttp(this.url(), options);
  }

  post(body, options = {}) {
    const headers = { 'Content-Type': 'text/plain;charset=UTF-8', ...options.headers };
    return fetchHttp(this.url(), { method: 'POST', body, ...options, headers });
  }

  async send(...parts) {
    const answer = await this.post(payload(...parts));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, 'ok');
  }

  /* The packets of the next polls, without heartbeats (which are answered), until there are count. */
  async receive(count = 1) {
    const found = [];
    while (found.length < count) {
      const answer = await this.get();
      assert.equal(answer.status, 200, answer.text);
      for (const packet of packets(answer.text)) {
        if (packet === '2') await this.send('3');
        else found.push(packet);
      }
    }
    return found;
  }

  /* Joins the namespace: its answer's data. */
  async connect(ns = '') {
    await this.send(ns ? `40${ns},` : '40');
    const [answer] = await this.receive();
    assert.match(answer, /^40/);
    return answer;
  }

  /* The session exists and moves events in both directions. */
  async alive() {
    await this.send('4299["quiet","alive"]');
    const found = [];
    while (!found.some((p) => p.startsWith('4399'))) found.push(...await this.receive());
    return found;
  }

  /* The session is unknown to the server. */
  async gone() {
    const answer = await this.get();
    if (answer.status === 200) {
      /* A close that waited for this poll. */
      assert.match(answer.text, /(^|\x1e)1$/);
      return this.gone();
    }
    assert.equal(answer.status, 400);
    assert.deepEqual(JSON.parse(answer.text), { code: 1, message: 'Session ID unknown' });
  }
}

/* A WebSocket whose messages stand in an inbox: strings for text, Buffers for binary. */
export class Socket {
  static async open(url, options = {}) {
    const self = new Socket(url, options);
    await within(self.opened, 10_000, `WebSocket ${url} opens`);
    return self;
  }

  constructor(url, { protocols = [], ...options } = {}) {
    this.inbox = new Inbox(url.replace(/^.*?:\d+/, ''));
    this.ws = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    this.ws.on('message', (data, binary) => this.inbox.push(binary ? data : data.toString()));
    this.opened = new Promise((resolve, reject) => {
      this.ws.on('open', resolve);
      this.ws.on('error', reject);
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      this.ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  send(...messages) {
    for (const message of messages) this.ws.send(message);
  }

  next(ms) {
    return this.inbox.next(ms);
  }

  /* The server ends it: {code, reason}. */
  async end(ms = 5000) {
    return within(this.closed, ms, `the server closes; it has sent ${JSON.stringify(this.inbox.rest).slice(0, 300)}`);
  }

  async close() {
    this.ws.close();
    await within(this.closed, 5000, 'close');
  }

  terminate() {
    this.ws.terminate();
  }
}

export const wsUrl = (base, query = '') => `${base.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket${query}`;

/* An Engine.IO session that starts on WebSocket. */
export class EngineSocket extends Socket {
  static async open(base, { query = '', ...options } = {}) {
    const self = new EngineSocket(wsUrl(base, query), options);
    await within(self.opened, 10_000, 'WebSocket opens');
    const first = await self.next();
    assert.equal(first[0], '0', first);
    self.handshake = JSON.parse(first.slice(1));
    self.sid = self.handshake.sid;
    return self;
  }

  /* The next message that is not a heartbeat; those are answered. */
  async next(ms) {
    for (;;) {
      const message = await super.next(ms);
      if (message !== '2') return message;
      this.send('3');
    }
  }

  async connect(ns = '', auth = '') {
    this.send(ns ? `40${ns},${auth}` : `40${auth}`);
    const answer = await this.next();
    assert.match(answer, /^40/, answer);
    return answer;
  }

  /* Sends an event whose ack shows that the session works and everything before it was handled. Returns what
   * arrived before the ack. */
  async alive(ns = '', id = 99) {
    this.send(`42${ns ? `${ns},` : ''}${id}["quiet","alive"]`);
    const before = [];
    for (;;) {
      const message = await this.next();
      if (typeof message === 'string' && message.startsWith(`43${ns ? `${ns},` : ''}${id}[`)) return before;
      before.push(message);
    }
  }
}
