// SPDX-License-Identifier: Apache-2.0
// What this machine is and has: cores, file limit, programs, versions.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const root = resolve(here, '../..');

/* No row needs more, and many machines allow no more. */
const MOST_FILES = 20_000;

const build = (name) => join(root, 'build/release', name);

export const programs = {
  gateway: process.env.ROOMCAST_GATEWAY ?? build('roomcast-gateway'),
  load: process.env.ROOMCAST_LOAD ?? build('roomcast-load'),
  reference: process.env.ROOMCAST_REFERENCE ?? build('roomcast-reference'),
};

const status = (name) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))[1];

/* The cores that this process may run on, lowest first. */
export function cores() {
  return status('Cpus_allowed_list').split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/* This process, and what it starts and does not move elsewhere, runs there from now on. */
export function stayOn(core) {
  spawnSync('taskset', ['-a', '-c', '-p', core, process.pid]);
}

export function fileLimit() {
  const hard = /^Max open files\s+\d+\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))[1];
  return Math.min(hard === 'unlimited' ? MOST_FILES : Number(hard), MOST_FILES);
}

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
const environment = { ...process.env, PATH };
const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`], { env: environment }).status === 0;

function says(command, args, pattern) {
  const { stdout, stderr } = spawnSync(command, args, { env: environment, encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'unknown';
}

/* Of the checkout; with a plus sign when what is built may differ from it. */
function commit() {
  const git = (...args) => spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' });
  const head = git('rev-parse', '--short', 'HEAD');
  if (head.status !== 0) return 'no commit';
  const changes = git('status', '--porcelain', '--', ':!loadtest/results').stdout.trim();
  return `commit ${head.stdout.trim()}${changes === '' ? '' : '+'}`;
}

const packageVersion = (name) => JSON.parse(readFileSync(join(here, 'node_modules', name, 'package.json'))).version;
const NCHAN = '/usr/lib/nginx/modules/ngx_nchan_module.so';

/* What peers need (peers.mjs), and the programs that always run: Debian packages with what stands for them, versions. */
const parts = {
  always: {
    packages: { 'util-linux': () => has('taskset') && has('prlimit') && has('setpriv') },
    versions: () => ({ Roomcast: `${says(programs.gateway, ['--version'], /(\d\S*)/)} (${commit()})` }),
  },
  redis: {
    packages: { 'redis-server': () => has('redis-server') },
    versions: () => ({ Redis: says('redis-server', ['--version'], /v=(\S+)/) }),
  },
  nchan: {
    packages: { nginx: () => has('nginx'), 'libnginx-mod-nchan': () => existsSync(NCHAN) },
    versions: () => ({
      NGINX: says('nginx', ['-v'], /nginx\/(\S+)/),
      nchan: says('dpkg-query', ['-W', '-f', '${Version}', 'libnginx-mod-nchan'], /(\S+)/),
    }),
  },
  npm: {
    packages: { npm: () => has('npm') },
    versions() {
      const names = ['socket.io', '@socket.io/redis-adapter', 'redis', 'ws'];
      const npm = names.map((name) => [`${name}${name === 'redis' ? ' (client)' : ''}`, packageVersion(name)]);
      return { Node: process.version.slice(1), ...Object.fromEntries(npm) };
    },
  },
};

/* What is not there, each with what to do about it. needs: names of parts. */
export function missing(needs) {
  const packages = Object.entries(Object.assign({}, ...needs.map((need) => parts[need].packages)));
  const absent = packages.filter(([, present]) => !present()).map(([name]) => name);
  const files = Object.values(programs).filter((path) => !existsSync(path));
  const all = [];
  if (absent.length > 0) {
    all.push(`Debian packages are missing: ${absent.join(' ')} (deploy/install-packages deploy/packages-compare.txt)`);
  }
  if (files.length > 0) {
    all.push(`not built: ${files.join(', ')} (cmake --preset release && cmake --build --preset release)`);
  }
  return all;
}

/* Installs the npm packages of the peers as package-lock.json beside this file has them, if that was not done yet. */
export function installPackages(say) {
  const [lock, done] = ['package-lock.json', 'node_modules/.package-lock.json'].map((name) => join(here, name));
  if (existsSync(done) && statSync(done).mtimeMs >= statSync(lock).mtimeMs) return;
  say('npm ci in loadtest/comparison');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'],
    { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('npm ci in loadtest/comparison failed');
}

/* What the figures were measured on and with. */
export function machine(needs) {
  const cpus = os.cpus();
  const versions = Object.assign({}, ...needs.map((need) => parts[need].versions()));
  return { kernel: os.release(), cpu: cpus[0].model.trim(), cores: cpus.length, versions };
}
