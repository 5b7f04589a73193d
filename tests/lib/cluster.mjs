// SPDX-License-Identifier: Apache-2.0
// A cluster of real processes: a Redis, several gateways, and NGINX in front when asked for.
import { startGateway, stopGateways } from './gateway.mjs';
import { Nginx, stopNginx } from './nginx.mjs';
import { Redis, stopRedis } from './redis.mjs';

/* {redis, gateways, nginx, add()}. settings and namespaces are the gateways'. */
export async function startCluster({ size = 3, nginx = false, settings = {}, namespaces, env } = {}) {
  const redis = await Redis.start();
  const start = async (index) => {
    const gateway = await startGateway({
      namespaces,
      env,
      settings: { node_id: `node${index}`, bus: redis.url, trusted_proxies: '127.0.0.1', ...settings },
    });
    await gateway.waitReady();
    return gateway;
  };
  const gateways = [];
  for (let i = 1; i <= size; i++) gateways.push(await start(i));
  const front = nginx ? await Nginx.start(gateways) : null;
  return {
    redis,
    gateways,
    nginx: front,
    base: front?.base,
    add: async () => {
      gateways.push(await start(gateways.length + 1));
      return gateways.at(-1);
    },
  };
}

/* For after(). */
export async function stopCluster() {
  await stopNginx();
  try {
    await stopGateways();
  } finally {
    await stopRedis();
  }
}
