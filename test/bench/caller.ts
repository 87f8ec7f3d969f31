/**
 * Calls plugins as a container runtime does. Runs inside the network namespace of a host from its start to its end,
 * so that a call costs one posix_spawn and nothing else: `nsenter --net=HOST bun caller.ts`, JSON lines on stdin and
 * stdout (call.ts). It ends when its standard input does.
 */
import { createInterface } from "node:readline";
import type {
  Attachment,
  CallAnswer,
  CallReply,
  CallRequest,
  JsonObject,
  Network,
  Plugin,
  Step,
} from "./call.ts";
import { type Call, type Finished, startSync, startTogether } from "./start.ts";

/** What ADD returned, as a runtime keeps it for DEL. */
const results = new Map<string, JsonObject>();

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}

async function answer(request: CallRequest): Promise<CallAnswer> {
  try {
    return await (request.atOnce === true ? runAtOnce(request) : runInTurn(request));
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function runInTurn(request: CallRequest): CallReply {
  const started = performance.now();
  const chains = request.attachments.map((attachment) => {
    const steps: Step[] = [];
    for (const plugin of order(request)) {
      const call = callOf(request, attachment, plugin);
      steps.push(finish(request, attachment, plugin, startSync(call, request.memory === true)));
    }
    return steps;
  });
  return { wallMs: performance.now() - started, chains };
}

async function runAtOnce(request: CallRequest): Promise<CallReply> {
  const started = performance.now();
  const running = request.attachments.map(async (attachment) => {
    const steps: Step[] = [];
    for (const plugin of order(request)) {
      const finished = await startTogether(callOf(request, attachment, plugin));
      steps.push(finish(request, attachment, plugin, finished));
    }
    return steps;
  });
  // All of them, even when one fails: no process may be left running.
  const settled = await Promise.allSettled(running);
  const wallMs = performance.now() - started;
  const failures = settled.filter((one) => one.status === "rejected").map((one) => String(one.reason));
  if (failures.length > 0) throw new Error(`${failures.length} of ${settled.length} failed: ${failures[0]}`);
  return { wallMs, chains: settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])) };
}

/** A chain is taken down from its end. */
function order({ verb, network }: CallRequest): readonly Plugin[] {
  return verb === "DEL" ? network.plugins.toReversed() : network.plugins;
}

function callOf(
  { verb, network }: CallRequest,
  attachment: Attachment,
  { exe, args = [], config }: Plugin,
): Call {
  const prevResult = results.get(keyOf(network, attachment));
  const runtimeConfig = Object.fromEntries(
    Object.entries(attachment.runtimeConfig ?? {}).filter(([name]) => config.capabilities?.[name] === true),
  );
  const stdin = {
    cniVersion: "1.0.0",
    name: network.name,
    ...config,
    ...(Object.keys(runtimeConfig).length > 0 && { runtimeConfig }),
    ...(prevResult !== undefined && { prevResult }),
  };
  const env = {
    ...network.env,
    CNI_COMMAND: verb,
    CNI_CONTAINERID: attachment.id,
    CNI_NETNS: attachment.netns,
    CNI_IFNAME: "eth0",
    CNI_PATH: network.cniPath,
  };
  return { cmd: [exe, ...args], env, stdin: Buffer.from(JSON.stringify(stdin)) };
}

function finish(
  { verb, network }: CallRequest,
  attachment: Attachment,
  plugin: Plugin,
  done: Finished,
): Step {
  const { type } = plugin.config;
  if (done.exitCode !== 0) {
    throw new Error(`${type} ${verb} ${attachment.id}: exit ${done.exitCode}: ${done.stdout}${done.stderr}`);
  }
  const key = keyOf(network, attachment);
  if (verb === "ADD") results.set(key, JSON.parse(done.stdout));
  if (verb === "DEL" && plugin === network.plugins[0]) results.delete(key);
  const { ms, cpuMs, maxRssKiB } = done;
  return { type, ms, cpuMs, maxRssKiB };
}

function keyOf(network: Network, attachment: Attachment): string {
  return `${network.name} ${attachment.id}`;
}
