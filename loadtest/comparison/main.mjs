// SPDX-License-Identifier: Apache-2.0
// The command line of loadtest/compare, and the order of things.
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { cores, fileLimit, installPackages, machine, missing, root, stayOn } from './machine.mjs';
import { measures } from './measures.mjs';
import { needsOf, peers } from './peers.mjs';
import { keep } from './results.mjs';
import { rows } from './rows.mjs';
import { Servers } from './servers.mjs';

const help = `usage: loadtest/compare [--only ROW[,ROW]] [--runs N] [--quick] [--cores A,B] [--port N] [--out FOLDER]

Measures Roomcast beside other servers, all under the load of roomcast-load, and writes comparison.md and
comparison.json. Servers share one core, the load generator has another. It takes about an hour; rows of an earlier
run that are not measured again stay in the files.

  --only ROWS    only these rows
  --runs N       runs of each measurement, of which the medians are taken (3)
  --quick        few connections and short times: shows that everything works, figures mean nothing;
                 one run, and the files go to build/comparison
  --cores A,B    of the servers and of the load generator (the first two)
  --port N       servers listen on this port of 127.0.0.1 and those after it (4300)
  --out FOLDER   of the files (loadtest/results)
  --list         the rows, and stop
  --help         this text

It needs the Debian packages of deploy/packages-build.txt and deploy/packages-compare.txt, and build/release. The npm
packages of the other servers are installed in loadtest/comparison when they are not there.
`;

const say = (text) => process.stderr.write(`${text}\n`);

class Usage extends Error {}

function whole(name, text, max) {
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= max) return Number(text);
  throw new Usage(`--${name}: expected a number from 1 to ${max}, got "${text}"`);
}

function chosenRows(only) {
  const names = only?.flatMap((list) => list.split(',')) ?? rows.map(({ name }) => name);
  for (const name of names) {
    if (!rows.some((row) => row.name === name)) throw new Usage(`--only: there is no row "${name}" (--list shows them)`);
  }
  return rows.filter(({ name }) => names.includes(name));
}

function chosenCores(text) {
  const own = cores();
  const chosen = text === undefined ? own.slice(0, 2) : text.split(',').map(Number);
  if (own.length < 2) throw new Error('servers and load generator need a core each, and this process may use only one');
  if (chosen.length === 2 && chosen[0] !== chosen[1] && chosen.every((core) => own.includes(core))) return chosen;
  throw new Usage(`--cores: expected two of ${own.join(', ')}, as A,B, got "${text}"`);
}

function parse(argv) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const { values } = parseArgs({ args: argv, options: { only: { ...text, multiple: true }, runs: text, quick: flag,
    cores: text, port: text, out: text, list: flag, help: flag } });
  const quick = values.quick;
  const runs = whole('runs', values.runs ?? (quick ? '1' : '3'), 100);
  const out = values.out ?? join(root, quick ? 'build/comparison' : 'loadtest/results');
  return { ...values, runs, out, rows: chosenRows(values.only), port: whole('port', values.port ?? '4300', 65_000) };
}

const FEW = 200;

/* A quick run's load: as long as it takes to see that it works. */
function shortened(load) {
  const few = { ...load, seconds: 0.3, warmup: 0.1 };
  for (const name of ['connections', 'publishers']) if (few[name]) few[name] = Math.min(few[name], FEW);
  if (few.rooms > 1) few.rooms = Math.min(few.rooms, FEW / 5);
  return few;
}

const round = (value) => Number(value.toPrecision(4));

function figuresText(figures) {
  if (figures.error) return `failed: ${figures.error}`;
  return Object.entries(figures).filter(([, value]) => value !== undefined && value !== false && !Number.isNaN(value))
    .map(([name, value]) => `${name} ${typeof value === 'number' ? round(value) : value}`).join(', ');
}

/* One peer goes through a row's measurements. add(measure, peer, figures) keeps each. */
async function measurePeer(options, row, name, add) {
  const peer = peers[name];
  const context = { place: { core: options.place.load, files: options.place.files }, peer };
  let servers;
  const restart = async () => {
    await servers?.stop();
    servers = context.servers = new Servers({ ...options.place, core: options.place.servers });
    await peer.start(servers);
  };
  for (const [index, [measure, { kind, load = {}, except, anew }]] of Object.entries(row.measures).entries()) {
    if (except?.includes(name)) continue;
    /* In rooms of its own: what a server may still be doing about those that were left must not matter. */
    const values = { 'room-prefix': `r${index}-`, ...row.load, ...load };
    let figures;
    try {
      if (!servers || anew) await restart();
      figures = await measures[kind](context, options.quick ? shortened(values) : values);
    } catch (error) {
      figures = { error: error.message };
    }
    add(measure, name, figures);
    if (figures.error) await servers?.stop().finally(() => { servers = undefined; });
  }
  await servers?.stop();
}

async function measureRow(options, row) {
  const runs = {};
  for (let run = 1; run <= options.runs; run++) {
    for (const name of row.peers) {
      await measurePeer(options, row, name, (measure, peer, figures) => {
        const list = (runs[measure] ??= {})[peer] ??= [];
        list.push(figures);
        say(`${row.name} ${run}/${options.runs}, ${measure}, ${peers[peer].title}: ${figuresText(figures)}`);
      });
    }
  }
  return runs;
}

async function compare(options) {
  const about = { count: options.runs, quick: options.quick || undefined };
  let failed = 0;
  for (const row of options.rows) {
    say(`--- ${row.name}: ${row.title}`);
    const runs = await measureRow(options, row);
    const date = new Date().toISOString().slice(0, 10);
    keep(options.out, { name: row.name, runs, date, machine: machine(needsOf(row.peers)), ...about });
    failed += Object.values(runs).flatMap(Object.values).flat().filter(({ error }) => error).length;
  }
  say(`written: ${relative(process.cwd(), join(options.out, 'comparison.md'))}`);
  if (failed > 0) say(`${failed} measurements failed`);
  return failed > 0 ? 1 : 0;
}

async function run(argv) {
  const options = parse(argv);
  if (options.help) return process.stdout.write(help) && 0;
  if (options.list) {
    for (const { name, title } of rows) console.log(`${name.padEnd(16)}${title}`);
    return 0;
  }
  const [servers, load] = chosenCores(options.cores);
  const needs = needsOf(options.rows.flatMap((row) => row.peers));
  const lacking = missing(needs);
  if (lacking.length > 0) throw new Error(lacking.join('\n'));
  if (needs.includes('npm')) installPackages(say);
  stayOn(load);
  return compare({ ...options, place: { servers, load, files: fileLimit(), port: options.port } });
}

export async function main(argv) {
  try {
    return await run(argv);
  } catch (error) {
    if (!(error instanceof Usage) && !error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
    say(`loadtest/compare: ${error.message}\nTry: loadtest/compare --help`);
    return 2;
  }
}
