// SPDX-License-Identifier: Apache-2.0
// The npm packages that tests use. They are installed in tests/clients, where Node would not look for them from
// the other test folders; everything imports them from here.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../clients/package.json', import.meta.url));

export const { io, Manager } = require('socket.io-client');
export const WebSocket = require('ws');
export const EventSource = require('eventsource');
/* Large, and only the browser tests need it. */
export const playwright = () => require('playwright-core');
