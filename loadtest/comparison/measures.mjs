// SPDX-License-Identifier: Apache-2.0
// Kinds of measurements: each runs the load once and returns figures by name. Units are in the names.
import { load } from './load.mjs';

/* What a message costs and how long it takes, and whether the load generator may have been what limited it. */
function traffic(report) {
  const { server, latency_us: latency } = report;
  return {
    messages_per_second: report.messages_per_second,
    deliveries_per_second: report.deliveries_per_second,
    cpu_us: server.cpu_seconds_per_million_deliveries,
    cpu_share: server.cpu_seconds / server.seconds,
    p50_ms: latency.p50 / 1000,
    p99_ms: latency.p99 / 1000,
    lost: report.lost + report.missed,
    generator_share: report.generator_cpu,
    generator_limited: report.generator_bottleneck,
  };
}

/* Messages at a rate, or at a share of the highest that was found before. */
async function rate(context, { rate: asked, share, seconds = 3, warmup = 1, ...values }) {
  const offered = asked ?? Math.max(1, context.highest * share);
  const report = await load(context, { ...values, rate: offered, warmup, duration: seconds });
  return { offered, ...traffic(report) };
}

/* The highest rate with nothing lost and p99 < 100 ms. */
async function highest(context, { seconds = 0.8, warmup = 0.3, ...values }) {
  const first = context.peer.first ?? 50;
  const report = await load(context, { ...values, rate: first, search: true, 'max-p99': 100, warmup, duration: seconds });
  const { rate: found, deliveries_per_second } = report.search;
  if (found === 0) throw new Error('no rate held');
  context.highest = found;
  return {
    messages_per_second: found,
    deliveries_per_second,
    generator_share: report.generator_cpu,
    generator_limited: report.steps.some((step) => step.rate >= found && step.generator_bottleneck),
  };
}

/* Connections that come, join a room, and then only wait and are pinged. */
async function idle(context, { seconds = 2, ...values }) {
  const report = await load(context, { ...values, publishers: 0, warmup: 1, duration: seconds });
  const { server, servers, connect_server_cpu_seconds: cpu } = report;
  const share = server.cpu_seconds / server.seconds;
  return {
    handshakes_per_second: report.connects_per_second,
    handshakes_per_cpu_second: values.connections / cpu,
    handshake_us: cpu / values.connections * 1e6,
    handshake_p99_ms: report.connect_us.p99 / 1000,
    bytes_per_connection: (servers.rss_bytes_joined - servers.rss_bytes_at_start) / values.connections,
    cpu_share: share,
    cpu_share_each: share / context.servers.urls.length,
    disconnected: report.disconnected,
  };
}

/* Some readers do not read: what that costs the others, and the server in memory. */
async function slow(context, { seconds, ...values }) {
  const report = await load(context, { ...values, scenario: 'slow', warmup: 1, duration: seconds });
  const memory = report.timeline.map((sample) => sample.server_rss_bytes);
  return {
    ...traffic(report),
    cut: report.stalled_cut,
    memory_bytes: Math.max(...memory) - report.servers.rss_bytes_joined,
  };
}

/* Frames that the load generator reads, for each second of its own CPU time. */
async function reading(context, { seconds = 4, ...values }) {
  const report = await load(context, { ...values, publishers: 0, warmup: 1, duration: seconds });
  const rate = report.frames / report.seconds;
  return { frames_per_second: rate, frames_per_cpu_second: rate / report.generator_cpu, generator_share: report.generator_cpu };
}

export const measures = { rate, highest, idle, slow, reading };
