// SPDX-License-Identifier: Apache-2.0
// A real NGINX with the project's own configuration (deploy/nginx), set up as deploy/run does it: from a temporary
// folder, with the gateways of a test behind it.
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchHttp } from './http.mjs';
import { Process, temporaryFolder } from './process.mjs';
import { freePort } from './redis.mjs';
import { waitFor } from './wait.mjs';

const source = fileURLToPath(new URL('../../deploy/nginx/', import.meta.url));
const started = [];

export class Nginx {
  static async start(gateways) {
    const self = new Nginx();
    self.port = await freePort();
    self.base = `http://127.0.0.1:${self.port}`;
    self.folder = temporaryFolder('nginx');
    chmodSync(self.folder, 0o711); /* the workers are another user when the tests run as root */
    self.write(gateways);
    self.process = new Process('nginx', 'nginx', ['-e', 'stderr', '-c', join(self.folder, 'nginx.conf'),
      '-g', `daemon off; pid ${self.folder}/pid;`], { lastSignal: 'SIGTERM', env: { PATH: `${process.env.PATH}:/usr/sbin` } });
    started.push(self);
    await waitFor(async () => (await fetchHttp(`${self.base}/healthz`)).status === 200, 'NGINX answers')
      .catch((error) => { throw new Error(`${error.message}: ${self.process.stderr}`); });
    return self;
  }

  write(gateways) {
    for (const file of ['nginx.conf', 'roomcast.conf']) copyFileSync(join(source, file), join(this.folder, file));
    mkdirSync(join(this.folder, 'tmp'), { recursive: true });
    const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    writeFileSync(join(this.folder, 'listen.conf'), [`listen 127.0.0.1:${this.port};`,
      ...scratch.map((name) => `${name}_temp_path ${this.folder}/tmp/${name};`)].join('\n'));
    writeFileSync(join(this.folder, 'servers.conf'),
      gateways.map((gateway) => `server 127.0.0.1:${gateway.port} max_fails=0;\n`).join(''));
  }

  /* Another set of gateways, as the documented reload does it: connections stay with the old workers. */
  async reload(gateways) {
    this.write(gateways);
    this.process.kill('SIGHUP');
  }

  async stop() {
    this.process.kill('SIGTERM');
    await this.process.exit();
  }
}

export async function stopNginx() {
  await Promise.all(started.splice(0).map((nginx) => nginx.stop()));
}
