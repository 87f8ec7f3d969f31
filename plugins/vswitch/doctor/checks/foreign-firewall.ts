/** Other programs' rules that drop what containers send or get: Docker's, firewalld's, ufw's are the most common. */
import type { ForeignChain } from "../../../../lib/model/foreign.ts";
import { type ForeignJudgement, judgeForeign } from "../../../../lib/model/path/foreign.ts";
import type { Check } from "../check.ts";
import { type Complaint, error, note, some, warning } from "../finding.ts";
import { type NamedProgram, namedProgram } from "../foreign-program.ts";
import { type Patient, sysctl } from "../patient.ts";
import { type ProbePacket, probePackets } from "../probe-packets.ts";

export const foreignFirewall: Check = {
  id: "foreign-firewall",
  needs: ["state", "network"],
  fine: "no firewall of the host drops what networks forward",
  find(patient) {
    const { foreign } = patient.scene.host;
    const judged = probePackets(patient.scene, bridgedFamilies(patient)).flatMap((packet) =>
      judge(foreign, packet),
    );
    const drops = Map.groupBy(
      judged.filter(({ certainty }) => certainty !== "perhaps"),
      ({ program, packet }) => `${program.name} ${packet.network}`,
    );
    const doubts = judged.filter(({ certainty }) => certainty === "perhaps");
    return [
      ...[...drops.values()].map(dropComplaint),
      ...(doubts.length === 0 ? [] : [doubtComplaint(doubts)]),
    ];
  },
};

interface Judged {
  readonly packet: ProbePacket;
  readonly program: NamedProgram;
  /** `probably`: it is dropped unless a rule that is not understood lets it pass. */
  readonly certainty: "surely" | "probably" | "perhaps";
  /** The rule or policy, in one line. */
  readonly by: string;
}

/** br_netfilter shows the host's IP hooks frames that only pass a switch. */
function bridgedFamilies(patient: Patient) {
  const on = (key: string): boolean => sysctl(patient, `bridge/${key}`) === "1";
  return ([4, 6] as const).filter((family) =>
    on(family === 4 ? "bridge-nf-call-iptables" : "bridge-nf-call-ip6tables"),
  );
}

function judge(foreign: readonly ForeignChain[], packet: ProbePacket): readonly Judged[] {
  const judgement = judgeForeign(foreign, "forward", packet.view);
  const { verdict, by } = judgement;
  if (verdict === "accept" || by === undefined) return [];
  const program = namedProgram(foreign, by);
  const certainty = verdict === "drop" ? "surely" : judgement.policy === true ? "probably" : "perhaps";
  return [{ packet, program, certainty, by: formatJudgement(judgement) }];
}

function formatJudgement({ by, policy }: ForeignJudgement): string {
  const where = `${by?.table} ${by?.chain}`;
  return policy === true ? `the policy of ${where} is drop` : `${where}: ${by?.rule ?? ""}`;
}

function dropComplaint(judged: readonly Judged[]): Complaint {
  const [first] = judged;
  const { packet, program } = first ?? unreachable();
  const sure = judged.some(({ certainty }) => certainty === "surely");
  const whats = [...new Set(judged.map(({ packet: { what, family } }) => `${what} (IPv${family})`))];
  const say = sure ? error : warning;
  return say(`${program.name} ${sure ? "drops" : "probably drops"} packets of network ${packet.network}`, {
    seen: [
      ...whats.map((what) => `dropped: ${what}`),
      ...some([...new Set(judged.map(({ by }) => by))]),
      ...(sure ? [] : ["rules before it are not understood in full: vswitch trace --live sends a packet"]),
    ],
    remedy: `rules of ours cannot lift that: ${program.name} must be told to let ${packet.switch} pass. ${program.hint}`,
    commands: [...new Set(judged.map(commandFor))],
  });
}

function commandFor({ packet, program }: Judged): string {
  return program.command(packet.switch, packet.direction === "out" ? "out" : "in");
}

function doubtComplaint(judged: readonly Judged[]): Complaint {
  const networks = [...new Set(judged.map(({ packet }) => packet.network))].join(", ");
  return note(`rules of other programs may drop packets of ${networks}: they are not understood in full`, {
    seen: some([...new Set(judged.map(({ by }) => by))]),
    remedy: "see whether a packet passes: vswitch trace --live sends one and follows it",
  });
}

function unreachable(): never {
  throw new Error("a group without members");
}
