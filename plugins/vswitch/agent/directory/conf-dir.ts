/** Networks that the runtimes' configurations name: this host is in their directories before any container is on them. */
import { parseCniArgs } from "../../../../lib/cni/args.ts";
import { CniError } from "../../../../lib/cni/error.ts";
import { foldNetConf, parseNetConf } from "../../../../lib/cni/netconf.ts";
import { isObject, type JsonObject } from "../../../../lib/cni/read.ts";
import type { AddRequest } from "../../../../lib/cni/request.ts";
import { parseVersion } from "../../../../lib/cni/version.ts";
import type { Complaint } from "../../../../lib/directory/complaint.ts";
import type { ToolBackend } from "../../../../lib/seam/tool-backend.ts";
import { readBootId } from "../../../../lib/state/boot-id.ts";
import { openStore, type Store } from "../../../../lib/state/store.ts";
import { joinNetwork } from "../../../../lib/verbs/join-network.ts";
import { spelledOut } from "../../../overlay/directory-word.ts";
import { overlay } from "../../../overlay/plugin.ts";
import { cniFiles, oursOf } from "../../doctor/cni-files.ts";
import { hostFiles } from "../../doctor/files.ts";

export interface Joining {
  readonly confDir: string;
  readonly dataDir: string;
  readonly backend: ToolBackend;
  readonly say: (text: string) => void;
  readonly warn: (text: string) => void;
}

/** @returns what is wrong with configurations that name a directory */
export function joinConfigured({ confDir, dataDir, backend, say, warn }: Joining): readonly Complaint[] {
  const named = cniFiles(hostFiles, confDir).flatMap(({ file, plugins }) =>
    plugins.filter(namesDirectory).map((plugin) => ({ file, plugin })),
  );
  if (named.length === 0) return [];
  const store = openStore({ dataDir, bootId: readBootId(), now: () => Date.now(), warn });
  try {
    return named.flatMap(({ file, plugin }) => join(file, plugin, { store, backend, say }));
  } finally {
    store.close();
  }
}

interface Surroundings extends Pick<Joining, "backend" | "say"> {
  readonly store: Store;
}

function join(file: string, plugin: JsonObject, { store, backend, say }: Surroundings): readonly Complaint[] {
  try {
    const request = requestOf(plugin);
    if (joinNetwork(overlay, request, { store, backend }))
      say(`network ${request.config.name}: joined, by ${file}`);
    return [];
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    const remedy = error.details ?? "Mend the file: an ADD of this network would fail, too.";
    return [{ code: "network-unjoined", about: file, text: `${file}: ${error.message}`, remedy }];
  }
}

/** Whatever else is wrong with it. */
function namesDirectory({ type, ...rest }: JsonObject): boolean {
  const directory = spelledOut(rest.directory);
  if (typeof type !== "string" || oursOf(type) !== "overlay" || !isObject(directory)) return false;
  return directory.type === "etcd" || directory.type === "flannel";
}

/** As a runtime would ask for a container, which there is none of. */
function requestOf(plugin: JsonObject): AddRequest {
  const config = parseNetConf(foldNetConf(plugin), parseVersion(plugin.cniVersion));
  const nobody = { containerId: "", ifname: "", netns: "", path: [], stdin: "", env: {}, warnings: [] };
  return { verb: "ADD", config, args: parseCniArgs(""), ...nobody };
}
