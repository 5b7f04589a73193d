// SPDX-License-Identifier: Apache-2.0
// HTTP requests, each on a TCP connection of its own unless an agent is given, with every detail of the answer.
import http from 'node:http';
import net from 'node:net';
import { within } from './wait.mjs';

/* Starts a request: {answer: Promise<{status, headers, body, text}>, request, abort()}. body: string or Buffer.
 * With `open: true` the body's end is left to the caller (request.end()). */
export function begin(url, { method = 'GET', headers = {}, body, agent = false, open = false } = {}) {
  const chunked = Object.keys(headers).some((name) => /^(transfer-encoding|content-length)$/i.test(name));
  const length = body === undefined || open || chunked ? {} : { 'Content-Length': Buffer.byteLength(body) };
  const request = http.request(url, { method, headers: { ...length, ...headers }, agent });
  const answer = new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode, headers: response.headers, body: bytes, text: bytes.toString() });
      });
    });
  });
  answer.catch(() => {});
  if (body !== undefined) request.write(body);
  if (open) request.flushHeaders();
  else request.end();
  return { answer, request, abort: () => request.destroy() };
}

export function fetchHttp(url, options = {}) {
  return within(begin(url, options).answer, options.ms ?? 10_000, `answer to ${options.method ?? 'GET'} ${url}`);
}

/* Sends bytes as they are and returns everything the server says until it closes (or until ms have passed). */
export async function exchange(port, bytes, ms = 5000) {
  const socket = net.connect(port, '127.0.0.1');
  const chunks = [];
  const closed = new Promise((resolve) => {
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(true));
  });
  socket.write(bytes);
  const timer = setTimeout(() => socket.destroy(), ms);
  await closed;
  clearTimeout(timer);
  return Buffer.concat(chunks).toString('latin1');
}
