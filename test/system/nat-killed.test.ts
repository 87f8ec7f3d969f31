import { describe, it } from "vitest";
import { seed } from "./killed.ts";
import type { KilledAdd } from "./killed-add.ts";
import { expectCleanedByDel, expectTakenUp } from "./killed-add-mended.ts";
import type { Namespace } from "./namespaces.ts";
import { createLab, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";

const reason = whyNoNat();
const times = 160;
const timeout = 240_000;

const runtimeConfig = publish("8080:80/tcp", "8053:53/udp");
const acl = { Action: "Allow", Direction: "In", Protocols: "6", LocalPorts: "80", Priority: 1 };
const config = {
  ...dual,
  policies: [
    { Type: "ACL", Settings: acl },
    { Type: "OutBoundNAT", Settings: { Exceptions: ["10.0.0.0/8"] } },
  ],
};

const what: KilledAdd = { type: "nat", config, runtimeConfig };

/** What a glance shows of the kernel: links of the host and of the compartment, and published ports. */
async function glance(lab: NatLab, ns: Namespace): Promise<string> {
  const script = `ip -br link | cut -d' ' -f1; ip -n ${ns.name} -br link; nft list map inet vswitch published4_any;
    nft list map inet vswitch published6_any; nft list set bridge vswitch judged;
    nft -t list table bridge vswitch | grep -E "(set|chain) .*_vp-";
    nft list set inet vswitch own4`;
  return lab.host.exec(lab.host.ns, "sh", "-c", script);
}

describe.skipIf(reason !== undefined)(`an ADD that is killed${reason ? ` (${reason})` : ""}`, () => {
  it(`at ${times} random moments is cleaned by DEL at once (SEED=${seed})`, { timeout }, async () => {
    await using lab = await createLab();
    const netnsOf = (_: number, ns: Namespace) => ns.path;
    await expectCleanedByDel(lab, what, { times, glance, glanceEvery: 10, netnsOf });
  });

  it(`at ${times / 2} random moments is taken up by the next ADD (SEED=${seed})`, { timeout }, async () => {
    await using lab = await createLab();
    await expectTakenUp(lab, what, { times: times / 2, leases: 2 });
  });
});
