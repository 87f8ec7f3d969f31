/** The nat plugin's verbs as a runtime calls them, on the fake kernel and a state folder of their own. */

import type { JsonObject } from "../../../lib/cni/read.ts";
import { parseRequest } from "../../../lib/cni/request.ts";
import type { Result } from "../../../lib/cni/result.ts";
import { linuxBackend } from "../../../lib/linux/backend.ts";
import { readBootId } from "../../../lib/state/boot-id.ts";
import { openStore } from "../../../lib/state/store.ts";
import { networkVerbs } from "../../../lib/verbs/main.ts";
import { nat } from "../../../plugins/nat/plugin.ts";
import { type FakeHost, type FakeKernel, fakeKernel } from "../../fake/kernel.ts";
import { testFolder } from "../state/fixture.ts";

export interface FakePlugin {
  readonly kernel: FakeKernel;
  readonly warnings: string[];
  readonly dataDir: string;
  /** @param config keys beside cniVersion, name and type. @param env beside the usual ones */
  add(containerId: string, config?: JsonObject, env?: Readonly<Record<string, string>>): Result;
  check(containerId: string, prevResult: Result, config?: JsonObject): void;
  del(containerId: string, config?: JsonObject, env?: Readonly<Record<string, string>>): void;
  gc(valid: readonly string[], config?: JsonObject): void;
  status(config?: JsonObject): void;
  /** What the store holds, in words. */
  stored(): readonly string[];
}

export function fakePlugin(options: FakeHost = {}): FakePlugin {
  const kernel = fakeKernel({ forwarding: true, ...options });
  const dataDir = testFolder();
  const warnings: string[] = [];
  const log = { warn: (text: string) => void warnings.push(text), pass: () => undefined };
  const backend = { ...linuxBackend(undefined, kernel), compartmentExists: kernel.hasCompartment };
  // Every call is a process of its own, begun after all rows were written.
  const startedMs = Number.POSITIVE_INFINITY;
  const verbs = networkVerbs(nat, () => nat, { backend, env: {}, execPath: process.execPath, startedMs });
  const request = (verb: string, config: JsonObject, env: Readonly<Record<string, string>>) => {
    const stdin = JSON.stringify({ cniVersion: "1.1.0", name: "net", type: "nat", dataDir, ...config });
    return parseRequest({ CNI_COMMAND: verb, CNI_PATH: "/opt/cni/bin", ...env }, stdin);
  };
  const attachment = (containerId: string) => ({
    CNI_CONTAINERID: containerId,
    CNI_IFNAME: "eth0",
    CNI_NETNS: `/run/netns/${containerId}`,
  });
  const made = new Set<string>();
  return {
    kernel,
    warnings,
    dataDir,
    add(containerId, config = {}, env = {}) {
      if (!made.has(containerId)) kernel.addCompartment(`/run/netns/${containerId}`);
      made.add(containerId);
      const parsed = request("ADD", config, { ...attachment(containerId), ...env });
      if (parsed.verb !== "ADD") throw new Error("no ADD");
      if (verbs.add === undefined) throw new Error("no ADD");
      return verbs.add(parsed, log);
    },
    check(containerId, { interfaces, ips, routes }, config = {}) {
      const prevResult = { cniVersion: "1.1.0", interfaces, ips, routes };
      const parsed = request("CHECK", { ...config, prevResult }, attachment(containerId));
      if (parsed.verb === "CHECK") verbs.check?.(parsed, log);
    },
    del(containerId, config = {}, env = {}) {
      const parsed = request("DEL", config, { ...attachment(containerId), ...env });
      if (parsed.verb === "DEL") verbs.del?.(parsed, log);
    },
    gc(valid, config = {}) {
      const list = valid.map((containerID) => ({ containerID, ifname: "eth0" }));
      const parsed = request("GC", { "cni.dev/valid-attachments": list, ...config }, {});
      if (parsed.verb === "GC") verbs.gc?.(parsed, log);
    },
    status(config = {}) {
      const parsed = request("STATUS", config, {});
      if (parsed.verb === "STATUS") verbs.status?.(parsed, log);
    },
    stored() {
      const store = openStore({ dataDir, bootId: readBootId(), now: Date.now, warn: log.warn });
      try {
        return [
          ...store.networks.list().map(({ name, kind }) => `network ${name} ${kind}`),
          ...store.endpoints
            .list()
            .map(({ network, containerId, phase }) => `endpoint ${network}/${containerId} ${phase}`),
          ...store.leases
            .list()
            .map(({ network, address, containerId }) => `lease ${network} ${address} ${containerId}`),
        ];
      } finally {
        store.close();
      }
    },
  };
}
