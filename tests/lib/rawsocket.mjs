// SPDX-License-Identifier: Apache-2.0
// A WebSocket client on a bare TCP socket, for what no library will do: unmasked frames, fragments, broken UTF-8,
// frames that are never finished, and a reader that stops reading.
import crypto from 'node:crypto';
import net from 'node:net';
import { Inbox, within } from './wait.mjs';

export const OP = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 };

function header(opcode, size, { fin = true, masked = true, rsv = 0 } = {}) {
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const mask = masked ? 0x80 : 0;
  if (size < 126) return Buffer.from([first, mask | size]);
  if (size < 65536) return Buffer.from([first, mask | 126, size >> 8, size & 255]);
  const bytes = Buffer.alloc(10);
  bytes[0] = first;
  bytes[1] = mask | 127;
  bytes.writeBigUInt64BE(BigInt(size), 2);
  return bytes;
}

export function frame(opcode, payload, options = {}) {
  const body = Buffer.from(payload);
  if (options.masked === false) return Buffer.concat([header(opcode, body.length, options), body]);
  const mask = crypto.randomBytes(4);
  for (let i = 0; i < body.length; i++) body[i] ^= mask[i & 3];
  return Buffer.concat([header(opcode, body.length, options), mask, body]);
}

export class RawSocket {
  /* Opens ws://127.0.0.1:port/path; rejects with the whole answer when it is not 101. */
  static async open(port, path, headers = {}) {
    const self = new RawSocket();
    self.socket = net.connect(port, '127.0.0.1');
    self.frames = new Inbox('frames');
    self.bytes = Buffer.alloc(0);
    self.received = 0;
    self.closed = new Promise((resolve) => self.socket.on('close', resolve));
    self.told = new Promise((resolve) => { self.onClose = resolve; }); /* by a close frame */
    const answer = self.answer();
    self.socket.write(self.request(port, path, headers));
    self.response = await within(answer, 10_000, `handshake of ${path}`);
    if (!self.response.startsWith('HTTP/1.1 101')) throw new Error(self.response);
    return self;
  }

  request(port, path, headers) {
    const all = {
      Host: `127.0.0.1:${port}`,
      Upgrade: 'websocket',
      Connection: 'Upgrade',
      'Sec-WebSocket-Key': crypto.randomBytes(16).toString('base64'),
      'Sec-WebSocket-Version': '13',
      ...headers,
    };
    const lines = Object.entries(all).map(([name, text]) => `${name}: ${text}\r\n`);
    return `GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  }

  /* The answer's head; what follows it is frames. */
  answer() {
    return new Promise((resolve, reject) => {
      let head = null;
      this.socket.on('error', reject);
      this.socket.on('close', () => reject(new Error(`closed: ${this.bytes.toString('latin1')}`)));
      this.socket.on('data', (chunk) => {
        this.received += chunk.length;
        this.bytes = Buffer.concat([this.bytes, chunk]);
        if (head === null) {
          const end = this.bytes.indexOf('\r\n\r\n');
          if (end < 0) return;
          head = this.bytes.subarray(0, end + 4).toString('latin1');
          this.bytes = this.bytes.subarray(end + 4);
          if (!head.startsWith('HTTP/1.1 101')) head += this.bytes.toString('latin1');
          resolve(head);
        }
        this.parse();
      });
    });
  }

  parse() {
    for (;;) {
      if (this.bytes.length < 2) return;
      let size = this.bytes[1] & 127;
      let at = 2;
      if (size === 126) {
        if (this.bytes.length < 4) return;
        size = this.bytes.readUInt16BE(2);
        at = 4;
      } else if (size === 127) {
        if (this.bytes.length < 10) return;
        size = Number(this.bytes.readBigUInt64BE(2));
        at = 10;
      }
      if (this.bytes.length < at + size) return;
      const payload = this.bytes.subarray(at, at + size);
      const [first] = this.bytes;
      this.frames.push({ opcode: first & 15, rsv: (first >> 4) & 7, fin: first >> 7 === 1, payload });
      this.bytes = this.bytes.subarray(at + size);
      if (this.frames.all.at(-1).opcode === OP.CLOSE) this.onClose();
    }
  }

  send(opcode, payload, options) {
    this.socket.write(frame(opcode, payload, options));
  }

  text(payload) {
    this.send(OP.TEXT, payload);
  }

  /* The next text message. */
  async message(ms) {
    const found = await this.frames.find((f) => f.opcode === OP.TEXT, ms, 'a text frame');
    return found.payload.toString();
  }

  /* Stops reading: the kernel's buffers fill, then the server's queue. */
  pause() {
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
  }

  /* The close code, 1005 for a close frame without one, or 1006 when the connection ended without a close frame.
   * A close frame is answered, as it should be, and then the server ends the connection. */
  async closeCode(ms = 5000) {
    await within(Promise.race([this.closed, this.told]), ms, 'the server closes the connection');
    const close = this.frames.all.find((f) => f.opcode === OP.CLOSE);
    if (!close) return 1006;
    if (this.socket.writable) this.send(OP.CLOSE, close.payload);
    await within(this.closed, ms, 'the connection ends after the close frames');
    return close.payload.length >= 2 ? close.payload.readUInt16BE(0) : 1005;
  }

  destroy() {
    this.socket.destroy();
  }
}
