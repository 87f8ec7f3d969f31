/** What a scenario works with: a fresh host, a fresh state folder, and the target as a runtime calls it. */
import { rmSync } from "node:fs";
import { createHost, type Host } from "../system/host.ts";
import { createFolder } from "../system/namespaces.ts";
import type { PluginCall, PluginOutcome } from "../system/plugin.ts";
import type { Snapshot } from "../system/snapshot.ts";
import { diffSnapshots } from "../system/snapshot-diff.ts";
import { environmentOf, type Key, type KeyOptions, requestOf } from "./call.ts";
import { expectResult, expectSilent } from "./expect.ts";
import { fillIn, type JsonObject } from "./json.ts";
import { expectReal } from "./kernel.ts";
import { newestOf } from "./probe.ts";
import { fail } from "./scenario.ts";
import type { Subject, Version } from "./target.ts";

/** A key that ADD succeeded for. */
export interface Attachment extends Key {
  readonly result: JsonObject;
}

/** Changes to one call. */
export interface CallChange extends Omit<PluginCall, "verb" | "env"> {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Laid over the configuration; undefined takes a key away. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Null: none. By default what ADD gave, from specification 0.4.0 on, as libcni does. */
  readonly prevResult?: unknown;
}

export interface Context {
  readonly subject: Subject;
  readonly version: Version;
  readonly host: Host;
  /** The fresh folder that ${DATA} stands for. */
  readonly data: string;
  /** A container with its compartment, not attached yet. */
  key(options?: KeyOptions): Promise<Key>;
  call(verb: string, key: Key, change?: CallChange): Promise<PluginOutcome>;
  /** ADD that must succeed; the result is checked against the version's schema. */
  attach(options?: KeyOptions): Promise<Attachment>;
  add(key: Key, change?: CallChange): Promise<Attachment>;
  /** DEL that must succeed in silence. */
  detach(key: Key, change?: CallChange): Promise<void>;
  /** CHECK that must succeed in silence. */
  check(attachment: Attachment, change?: CallChange): Promise<void>;
  /** The host and the state after one attachment came and went: shared objects are there, nothing else. */
  warm(options?: KeyOptions): Promise<Snapshot>;
  snapshot(): Promise<Snapshot>;
  /**
   * Waits up to three seconds for the kernel to finish, then fails with the difference.
   * With `fresh`, what the plugin itself has made since then may be gone too.
   */
  unchanged(before: Snapshot, when: string, fresh?: Snapshot): Promise<void>;
  /** A new host with nothing but the state folder left, as after a reboot. */
  reboot(): Promise<void>;
  close(): Promise<void>;
}

/** Makes a context. Close it whatever happens. */
export async function createContext(subject: Subject, version?: Version): Promise<Context> {
  const data = createFolder("data");
  const state = { host: await createHost(), count: 0 };
  const filled: Subject = {
    ...subject,
    ...fillIn({ config: subject.config, env: subject.env ?? {} }, { DATA: data }),
  };
  const speaks = version ?? newestOf(subject.versions);

  const key: Context["key"] = async (options = {}) => {
    state.count++;
    const ns = options.ns ?? (await state.host.compartment(`c${state.count}`));
    return {
      id: options.id ?? `c${state.count}-${ns.name.slice(-24)}`,
      ifname: options.ifname ?? "eth0",
      ns,
      netns: options.netns ?? ns.path,
      network: options.network ?? "net1",
      version: options.version ?? speaks,
      config: options.config ?? {},
      args: options.args ?? "",
      runtimeConfig: options.runtimeConfig,
      ofGuest: !filled.has.stack,
    };
  };
  const call: Context["call"] = (verb, of, change = {}) => {
    const { config, prevResult, env, ...rest } = change;
    const own: PluginCall = {
      verb,
      env: environmentOf(filled, of, env ?? {}),
      stdin: requestOf(filled, verb, of, config ?? {}, prevResult),
    };
    return state.host.plugin(subject.plugin, { ...own, ...rest });
  };
  const add: Context["add"] = async (of, change) => {
    const outcome = await call("ADD", of, change);
    return { ...of, result: expectResult(outcome, of) };
  };
  const detach: Context["detach"] = async (of, change) => expectSilent("DEL", await call("DEL", of, change));
  const snapshot = () =>
    state.host.snapshot({
      folders: [data],
      ...(subject.stateText === undefined ? {} : { stateText: () => subject.stateText?.(data) ?? [] }),
    });
  return {
    subject: filled,
    version: speaks,
    get host() {
      return state.host;
    },
    data,
    key,
    call,
    add,
    attach: async (options) => add(await key(options)),
    detach,
    check: async (of, change) => expectSilent("CHECK", await call("CHECK", of, change)),
    warm: async (options) => {
      const first = await add(await key(options));
      await expectReal(state.host, first);
      await detach(first);
      await state.host.remove(first.ns);
      return snapshot();
    },
    snapshot,
    unchanged: (before, when, fresh) => expectUnchanged(before, snapshot, when, fresh),
    reboot: async () => {
      await state.host.close();
      state.host = await createHost();
    },
    close: async () => {
      await state.host.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

async function expectUnchanged(
  before: Snapshot,
  take: () => Promise<Snapshot>,
  when: string,
  fresh?: Snapshot,
): Promise<void> {
  const deadline = performance.now() + 3_000;
  for (;;) {
    const now = await take();
    const difference = diffSnapshots(fresh === undefined ? before : withoutTidied(before, now, fresh), now);
    if (difference === "") return;
    // The kernel removes the links of a compartment that is gone in its own time.
    if (performance.now() > deadline) fail(`${when}, the host differs from before:\n${difference}`);
    await Bun.sleep(100);
  }
}

/** The snapshot without what is gone now and was not there on the fresh host either. */
function withoutTidied(before: Snapshot, now: Snapshot, fresh: Snapshot): Snapshot {
  const tidied = [...before].map(([section, lines]): [string, readonly string[]] => {
    const stays = new Set([...(now.get(section) ?? []), ...(fresh.get(section) ?? [])]);
    return [section, lines.filter((line) => stays.has(line))];
  });
  return new Map(tidied);
}
