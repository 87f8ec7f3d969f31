import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { killedAt, whyNoStrace } from "./killed.ts";
import { createLab, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat() ?? whyNoStrace();

const config = {
  ...dual,
  defaultAction: { In: "Block", Out: "Allow" },
  policies: [
    {
      Type: "ACL",
      Settings: { Action: "Allow", Direction: "In", Protocols: "6", LocalPorts: "80", Priority: 1 },
    },
    { Type: "OutBoundNAT", Settings: { Exceptions: ["10.0.0.0/8"] } },
  ],
};
const runtimeConfig = publish("8080:80/tcp", "8053:53/udp");
const nobody = { ...config, "cni.dev/valid-attachments": [] };

async function left({ host }: NatLab): Promise<{ readonly rules: string; readonly links: string }> {
  const rules = await host.exec(host.ns, "nft", "list", "ruleset");
  const links = await host.exec(host.ns, "sh", "-c", "ip -br link | cut -d' ' -f1");
  return { rules, links };
}

describe.skipIf(reason !== undefined)(
  `an ADD that is killed, and its state lost${reason ? ` (${reason})` : ""}`,
  () => {
    it.each([
      ["on a fresh host", false],
      ["where the network is in use", true],
    ])(
      "at any of its messages, leaves what GC finds by the marks: %s",
      { timeout: 240_000 },
      async (_, used) => {
        await using lab = await createLab();
        const { host } = lab;
        const seen = { killed: 0, withoutPort: 0 };
        for (let n = 1; ; n++) {
          const ns = await host.compartment();
          const neighbour = used ? await lab.add({ id: "neighbour", config }) : undefined;
          const call = { wrap: killedAt(n), timeoutMs: 60_000 };
          const outcome = await lab.call("ADD", { id: "c", netns: ns.path, config, runtimeConfig, call });
          const found = await left(lab);
          seen.killed++;
          const own = /"(vp-\w+)" comment "vswitch:endpoint \w+ nat\/c\/eth0"/.exec(found.rules)?.[1];
          if (own !== undefined && !found.links.includes(own)) seen.withoutPort++;
          rmSync(lab.dataDir, { recursive: true, force: true });
          await lab.done("GC", { config: nobody });
          expect(await left(lab), `killed at message ${n}`).toEqual({ rules: "", links: "lo\neth0@if2" });
          await host.remove(ns, ...(neighbour ? [neighbour.ns] : []));
          if (outcome.exitCode === 0) break;
        }
        console.log(`killed at each of its messages: ${JSON.stringify(seen)}`);
        expect(seen.killed).toBeGreaterThan(10);
        expect(seen.withoutPort).toBeGreaterThan(0);
      },
    );
  },
);
