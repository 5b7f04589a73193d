// SPDX-License-Identifier: Apache-2.0
// A gateway that Redis delivers to as fast as it can still serves its clients.
import { after, before, test } from 'node:test';
import { startCluster, stopCluster } from '../lib/cluster.mjs';
import { floodEvents, servesOthers } from '../lib/flood.mjs';
import { closePeers, JsonPeer } from '../lib/peers.mjs';
import { builtin } from '../lib/routes.mjs';

let gateways;

before(async () => {
  ({ gateways } = await startCluster({ size: 2, namespaces: { '/': { routes: builtin } } }));
});
after(() => {
  closePeers();
  return stopCluster();
});

test('publications of another gateway', async () => {
  const [flooded, other] = gateways;
  const { base } = other;
  for (let i = 0; i < 20; i++) {
    const member = await JsonPeer.open(base, { rooms: ['flood'] });
    member.inbox.push = () => {};
  }
  await servesOthers({
    base,
    peer: await JsonPeer.open(base, { rooms: ['calm'] }),
    start: () => floodEvents(flooded.port, 10, '["publish","flood","x"]'),
    begun: () => other.metricIs('publications_received_total', '', (n) => n > 5000),
  });
});
