/** `vswitch trace --await`: where a probe arrives on this host that another one sends. */
import type { LiveSeen } from "../../../lib/model/live/live.ts";
import { portTap } from "../../../lib/model/vm-nic.ts";
import { readScene, withHost } from "../host.ts";
import { stopping } from "../stopping.ts";
import { type Session, UsageError } from "../terminal.ts";
import { formatAwaited } from "./format-await.ts";
import { mostWatched } from "./live.ts";
import { formatTag, parseTag, randomTag } from "./tag.ts";
import { liveTunnels } from "./tunnels.ts";

export interface AwaitOptions {
  /** A tag, or nothing for one that is made here. */
  readonly await: string;
  /** Seconds. */
  readonly wait: number;
  readonly json: boolean;
  readonly "data-dir": string;
}

/** Exit code 3 when it arrives nowhere. @throws {UsageError} where there is no overlay network. @throws {CniError} */
export async function awaitProbe(options: AwaitOptions, session: Session): Promise<void> {
  const { wait, json } = options;
  if (!(wait > 0)) throw new UsageError("--wait must be more than 0 seconds");
  const tag = options.await === "" ? randomTag() : parseTag(options.await);
  const warn = (text: string): void => session.complain(`vswitch: ${text}`);
  const seen = await withHost({ dataDir: options["data-dir"], warn }, async (host) => {
    const { endpoints, ...scene } = readScene(host);
    const tunnels = liveTunnels({ endpoints, ...scene });
    if (tunnels.length === 0)
      throw new UsageError(
        "--await watches for what comes from other hosts of an overlay network: there is none here",
      );
    const receivers = endpoints.filter((plan) => portTap(plan) === undefined).slice(0, mostWatched);
    const stop = stopping();
    const how = `vswitch trace --live --tag ${formatTag(tag)} --from ... --to ...`;
    const ready = (): void => session.complain(`waiting for ${wait} s: on the sender's host, ${how}`);
    const awaited = host.backend.awaitLive({
      ...{ tag, tunnels, endpoints, receivers, ready, waitMs: wait * 1000, stopped: stop.asked },
    });
    return awaited.finally(stop.end);
  });
  session.print(json ? JSON.stringify({ tag: formatTag(tag), ...seen }, null, 2) : formatAwaited(tag, seen));
  if (!hasEnded(seen)) session.exitWith(3);
}

const hasEnded = ({ verdict }: LiveSeen): boolean =>
  verdict.kind !== "dropped" && verdict.kind !== "vanished";
