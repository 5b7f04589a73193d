// SPDX-License-Identifier: Apache-2.0
// The routes that most tests run with: the built-in ones as a configuration file would write them, and "echo", which
// answers its sender alone.
export const builtin = {
  join: [{ join: '$0' }, { ack: [{ ok: true, room: '$0' }] }],
  leave: [{ leave: '$0' }, { ack: [{ ok: true }] }],
  publish: [{ emit: '$1', to: '$0', args: '$2..' }, { ack: [{ ok: true }] }],
};

export const echo = {
  echo: [{ emit: 'echo', to: '$id', args: '$args' }, { ack: '$args' }],
  quiet: [{ ack: '$args' }],
};

export const testNamespaces = {
  '/': { routes: { ...builtin, ...echo } },
  '/admin': { routes: { ...builtin, ...echo } },
};
