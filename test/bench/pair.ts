/** Two throw-away hosts, made the same way: one for our executables, one for the reference plugins. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createHost, type Host, type HostOptions } from "../system/host.ts";
import type { Attachment, CallReply, CallRequest, JsonObject, Network } from "./call.ts";
import { startCaller } from "./caller-process.ts";
import { type Place, referenceBin } from "./networks.ts";

export interface Side extends Place {
  readonly host: Host;
  call(request: CallRequest): Promise<CallReply>;
  /** A new compartment, attached to a network and left there. */
  resident(network: Network, id: string, runtimeConfig?: JsonObject): Promise<Resident>;
  close(): Promise<void>;
}

export interface Resident extends Attachment {
  readonly netns: string;
}

export interface Pair extends AsyncDisposable {
  readonly ours: Side;
  readonly reference: Side;
  readonly sides: readonly [ours: Side, reference: Side];
  /** One more host with our executables. */
  another(): Promise<Side>;
}

/** @param bin folder with our executables */
export async function createPair(bin: string, lan?: HostOptions["lan"]): Promise<Pair> {
  const open: Side[] = [];
  const side = async (name: Place["name"], folder: string) => {
    // One of them can be on the LAN.
    const made = await createSide(name, folder, name === "ours" ? lan : undefined);
    open.push(made);
    return made;
  };
  const close = async () => {
    for (const one of open.splice(0)) await one.close();
  };
  try {
    const ours = await side("ours", bin);
    const reference = await side("reference", referenceBin);
    const another = () => side("ours", bin);
    return { ours, reference, sides: [ours, reference], another, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function createSide(name: Place["name"], bin: string, lan: HostOptions["lan"]): Promise<Side> {
  const host = await createHost(lan === undefined ? {} : { lan });
  const stateDir = join(host.dir, "state");
  mkdirSync(stateDir);
  const caller = startCaller(host.ns);
  return {
    name,
    bin,
    stateDir,
    host,
    call: caller.call,
    async resident(network, id, runtimeConfig) {
      const { path: netns } = await host.compartment("r");
      const attachment = { id, netns, ...(runtimeConfig && { runtimeConfig }) };
      await caller.call({ verb: "ADD", network, attachments: [attachment] });
      return attachment;
    },
    async close() {
      await caller.close();
      await host.close();
    },
  };
}
