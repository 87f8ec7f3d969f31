/**
 * Other programs' rules that drop the outer packets of tunnels. They belong to no connection, since our rules leave them out of
 * tracking: what a firewall lets pass as `established` they are not, and nobody translates them.
 */
import { mac } from "../../../../lib/addr/mac.ts";
import type { ForeignHook } from "../../../../lib/model/foreign.ts";
import { type ForeignJudgement, judgeForeign } from "../../../../lib/model/path/foreign.ts";
import { type ForeignProgram, programOf } from "../../../../lib/model/path/foreign-remedy.ts";
import { type OverlayNetwork, overlayNetworks, peersOf } from "../../../../lib/model/path/remote.ts";
import type { Scene } from "../../../../lib/model/scene.ts";
import { IPPROTO, type IpPacket } from "../../../../lib/policy/packet.ts";
import type { Check } from "../check.ts";
import { type Complaint, error, note, some, warning } from "../finding.ts";

export const overlayFirewall: Check = {
  id: "overlay-firewall",
  needs: ["state", "network"],
  fine: "no firewall of the host drops packets between hosts of overlay networks",
  find: ({ scene }) => overlayNetworks(scene).flatMap((network) => ofNetwork(scene, network)),
};

type Side = "in" | "out";

const hooks: Readonly<Record<Side, readonly ForeignHook[]>> = {
  in: ["prerouting", "input"],
  out: ["output", "postrouting"],
};

interface Judged {
  readonly side: Side;
  readonly hook: ForeignHook;
  readonly judgement: ForeignJudgement;
  readonly program: ForeignProgram;
}

/** One host is mostly as good as any other; of so many each is asked about. */
const mostAsked = 50;

function ofNetwork(scene: Scene, network: OverlayNetwork): readonly Complaint[] {
  const judged = peersOf(network)
    .slice(0, mostAsked)
    .flatMap(({ vtep }) => [
      ...judge(
        scene,
        network,
        "in",
        outer(network, { source: vtep, destination: network.switch.tunnel.vtep }),
      ),
      ...judge(
        scene,
        network,
        "out",
        outer(network, { source: network.switch.tunnel.vtep, destination: vtep }),
      ),
    ]);
  const doubts = judged.filter(({ judgement }) => isDoubt(judgement));
  const drops = Map.groupBy(
    judged.filter(({ judgement }) => !isDoubt(judgement)),
    ({ side, program, judgement: { by } }) => `${side} ${program.id} ${by?.table} ${by?.chain}`,
  );
  return [
    ...[...drops.values()].map((all) => dropComplaint(network, all)),
    ...(doubts.length === 0 ? [] : [doubtComplaint(network, doubts)]),
  ];
}

/** A single rule that is not understood may be about anything; a policy behind such rules is likely to drop. */
const isDoubt = ({ verdict, policy }: ForeignJudgement): boolean => verdict === "perhaps" && policy !== true;

function outer(
  { switch: { tunnel } }: OverlayNetwork,
  ends: Pick<IpPacket, "source" | "destination">,
): IpPacket {
  return {
    kind: "ip",
    sourceMac: mac("02:00:00:00:00:01"),
    destinationMac: mac("02:00:00:00:00:02"),
    protocol: IPPROTO.udp,
    // A hash of what is inside.
    sourcePort: 40_000,
    destinationPort: tunnel.udpPort,
    ...ends,
  };
}

function judge(
  scene: Scene,
  { switch: { tunnel } }: OverlayNetwork,
  side: Side,
  packet: IpPacket,
): readonly Judged[] {
  const { foreign } = scene.host;
  return hooks[side].flatMap((hook) => {
    const judgement = judgeForeign(foreign, hook, {
      ...(side === "in" ? { in: tunnel.uplink } : { out: tunnel.uplink }),
      packet,
      state: "untracked",
      dnat: false,
    });
    const { verdict, by } = judgement;
    return verdict === "accept" || by === undefined
      ? []
      : [{ side, hook, judgement, program: programOf(foreign, by, hook) }];
  });
}

const wordsOf = ({ by, policy }: ForeignJudgement): string => {
  const where = `${by?.table} ${by?.chain}`;
  return policy === true ? `the policy of ${where} is drop` : `${where}: ${by?.rule ?? ""}`;
};

function dropComplaint({ name, switch: { tunnel } }: OverlayNetwork, judged: readonly Judged[]): Complaint {
  const sure = judged.some(({ judgement }) => judgement.verdict === "drop");
  const side = judged[0]?.side ?? "in";
  const what = side === "in" ? "gets from other hosts" : "sends to other hosts";
  const say = sure ? error : warning;
  return say(`a firewall ${sure ? "drops" : "probably drops"} what overlay network ${name} ${what}`, {
    seen: [
      ...some([...new Set(judged.map(({ judgement }) => wordsOf(judgement)))]),
      "such packets belong to no connection: a rule for established ones does not let them in",
    ],
    remedy: `let UDP port ${tunnel.udpPort} pass, on each host of the network: who may send there, our own rules know`,
    commands: [...new Set(judged.map(({ program }) => program.open(tunnel.udpPort)))],
  });
}

function doubtComplaint({ name }: OverlayNetwork, judged: readonly Judged[]): Complaint {
  return note(
    `rules of other programs may drop packets of overlay network ${name}: they are not understood in full`,
    {
      seen: some([...new Set(judged.map(({ judgement }) => wordsOf(judgement)))]),
      remedy: "see whether a packet passes: vswitch trace --live sends one and follows it",
    },
  );
}
