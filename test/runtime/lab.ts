/** What every runtime test stands on: a throw-away host, a sandbox on it, a container image, and eyes for leftovers. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { execIn } from "../system/command.ts";
import { createHost, type Host, type HostOptions } from "../system/host.ts";
import type { Namespace } from "../system/namespaces.ts";
import { eventually } from "./eventually.ts";
import { writeImage } from "./oci-image.ts";
import { busybox, makeRootfs, webPort, webServer } from "./rootfs.ts";
import { type Sandbox, startSandbox } from "./sandbox.ts";
import type { RuntimeTarget } from "./target.ts";

/** Who answered a request, and which client address it saw. */
export interface WhoAnswer {
  readonly hostname: string;
  readonly client: string;
}

/** What containers may leave behind on the host. */
export interface Traces {
  readonly links: readonly string[];
  readonly rules: readonly string[];
  readonly leases: readonly string[];
}

export interface Lab extends AsyncDisposable {
  readonly host: Host;
  readonly sandbox: Sandbox;
  readonly target: RuntimeTarget;
  /** Folder with a container's root file system. */
  readonly rootfs: string;
  /** Writes an image whose container answers `who`, and gives the archive's path. */
  image(name: string): string;
  /** Asks a container's web server from a namespace, until it answers. @throws when it does not in time */
  who(from: Namespace, address: string, port?: number): Promise<WhoAnswer>;
  traces(): Promise<Traces>;
  close(): Promise<void>;
}

/** Makes a lab. @param record put a recorder before each executable. @param lan what several of them are on */
export async function startLab(
  target: RuntimeTarget,
  record = false,
  lan?: HostOptions["lan"],
): Promise<Lab> {
  const host = await createHost(lan === undefined ? {} : { lan });
  try {
    const namespaces = lan === undefined ? [host.ns, host.outside] : [host.ns];
    const goes = { folder: host.dir, namespaces };
    return labOf(host, await startSandbox({ ns: host.ns, target, record, with: goes }), target);
  } catch (error) {
    await host.close();
    throw error;
  }
}

function labOf(host: Host, sandbox: Sandbox, target: RuntimeTarget): Lab {
  const rootfs = join(sandbox.folder, "rootfs");
  mkdirSync(rootfs);
  makeRootfs(rootfs);
  const close = async () => {
    await sandbox.close();
    await host.close();
  };
  return {
    host,
    sandbox,
    target,
    rootfs,
    image: (name) => {
      const archive = join(sandbox.folder, `${name.replace(/\W+/g, "-")}.tar`);
      writeImage({ name, rootfs, entrypoint: webServer, archive });
      return archive;
    },
    who: (from, address, port = webPort) =>
      eventually(`an answer of ${address}:${port} to ${from.name}`, async () =>
        whoAnswer(await execIn(from, [busybox, ...whoWords(address, port)], { timeoutMs: 3_000 })),
      ),
    traces: async () => ({
      links: await linkNames(host),
      rules: await rulesetLines(host),
      leases: target.leases(sandbox.stateDir).toSorted(),
    }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * The words after `busybox`, or alone within a container, that ask a container's web server.
 * The time limit of `wget` itself is not used: Debian's static busybox 1.35 crashes with it.
 */
export function whoWords(address: string, port: number = webPort): readonly string[] {
  return ["timeout", "2", "wget", "-q", "-O", "-", `http://${address}:${port}/cgi-bin/who`];
}

/** Reads what `whoWords` brought. */
export function whoAnswer(text: string): WhoAnswer {
  const [hostname = "", client = ""] = text.trim().split(" ");
  // The server listens for both families at one socket and so sees IPv4 clients as mapped ones.
  return { hostname, client: client.replace(/^\[(?:::ffff:)?/, "").replace(/\]$/, "") };
}

async function linkNames(host: Host): Promise<readonly string[]> {
  const links = JSON.parse(await host.exec(host.ns, "ip", "-j", "link")) as readonly {
    readonly ifname: string;
  }[];
  return links.map(({ ifname }) => ifname).toSorted();
}

async function rulesetLines(host: Host): Promise<readonly string[]> {
  const text = await host.exec(host.ns, "nft", "list", "ruleset");
  return text.replace(/counter packets \d+ bytes \d+/g, "counter").split("\n");
}
