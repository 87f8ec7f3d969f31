import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../plugins/vswitch/doctor/finding.ts";
import * as programs from "../lib/linux/foreign/programs.ts";
import { uplink } from "./host.ts";
import { binDir, createLab, dual, type NatLab, publish, whyNoNat } from "./nat-lab.ts";
import { toolPath } from "./run-program.ts";

const reason = whyNoNat();

interface Visit {
  readonly exitCode: number | undefined;
  readonly findings: readonly Finding[];
  /** Ids of the checks that found anything worse than a note. */
  readonly bad: readonly string[];
}

/** A host with two containers, and a doctor who looks at it. */
async function patientLab() {
  const lab = await createLab();
  const confDir = join(lab.host.dir, "conf");
  mkdirSync(confDir);
  const list = { cniVersion: "1.0.0", name: "nat", plugins: [{ type: "nat", ...dual }] };
  writeFileSync(join(confDir, "10-nat.conflist"), JSON.stringify(list));
  const standIns = makeStandIns(lab.host.dir);
  const env = { PATH: `${standIns}:${binDir}:${toolPath}`, VSWITCH_DATA_DIR: lab.dataDir };
  const args = [
    "doctor",
    "--conf-dir",
    confDir,
    "--bin-dir",
    binDir,
    "--results-dir",
    join(lab.host.dir, "none"),
  ];
  const text = () => lab.host.plugin(join(binDir, "vswitch"), { args, env });
  const visit = async (): Promise<Visit> => {
    const { stdout, stderr, exitCode } = await lab.host.plugin(join(binDir, "vswitch"), {
      args: [...args, "--json"],
      env,
    });
    if (stdout === "") throw new Error(`the doctor said nothing: ${stderr}`);
    const findings: readonly Finding[] = JSON.parse(stdout);
    const bad = findings.filter(({ severity }) => severity === "error" || severity === "warning");
    return { exitCode, findings, bad: bad.map(({ id }) => id) };
  };
  /** Does what the doctor said, command by command. */
  const follow = async ({ findings }: Visit, id: string): Promise<void> => {
    const commands = findings.filter((one) => one.id === id).flatMap((one) => one.commands ?? []);
    if (commands.length === 0) throw new Error(`${id} came without a command`);
    for (const command of commands) {
      const done = await lab.host.run(lab.host.ns, ["sh", "-c", command], { env });
      if (done.exitCode !== 0) throw new Error(`${command}: ${done.stdout}${done.stderr}`);
    }
  };
  return { lab, visit, text, follow };
}

/** What ufw and firewall-cmd do in the kernel, for machines on which they are not installed. */
function makeStandIns(dir: string): string {
  const folder = join(dir, "stand-ins");
  mkdirSync(folder);
  const script = (name: string, text: string): void =>
    writeFileSync(join(folder, name), `#!/bin/sh -e\n${text}\n`, { mode: 0o755 });
  script(
    "ufw",
    `[ "$1 $2 $4" = "route allow on" ]; case $3 in in) side=-i;; out) side=-o;; *) exit 2;; esac
    iptables -A ufw-user-forward $side "$5" -j ACCEPT; ip6tables -A ufw6-user-forward $side "$5" -j ACCEPT`,
  );
  script(
    "firewall-cmd",
    `[ "$1" = --zone=trusted ]; name=\${2#--change-interface=}; [ "$name" != "$2" ]
    nft insert rule inet firewalld filter_FORWARD_ZONES iifname "$name" goto filter_FWD_trusted`,
  );
  return folder;
}

const seen = ({ findings }: Visit, id: string): string => {
  const mine = findings.filter((one) => one.id === id);
  return mine.map(({ title, seen: facts = [] }) => [title, ...facts].join("\n")).join("\n");
};

interface Ailment {
  readonly id: string;
  readonly words: string;
  /** No ping leaves any more. */
  readonly cutsOff?: true;
  harm(lab: NatLab): Promise<unknown>;
}

function firewall(script: string, words: string): Ailment {
  return {
    id: "foreign-firewall",
    words,
    harm: ({ host }) => host.exec(host.ns, "sh", "-ec", script),
  };
}

/** What breaks a host, by the check that finds it, with the words that name it. */
const ailments: Readonly<Record<string, Ailment>> = {
  "forwarding is off": {
    id: "forwarding",
    words: "net.ipv4.ip_forward = 0",
    cutsOff: true,
    harm: ({ host }) => host.exec(host.ns, "sysctl", "-w", "net.ipv4.ip_forward=0"),
  },
  "IPv6 forwarding is off": {
    id: "forwarding",
    words: "net.ipv6.conf.all.forwarding = 0",
    harm: ({ host }) => host.exec(host.ns, "sysctl", "-w", "net.ipv6.conf.all.forwarding=0"),
  },
  "iptables drops what is forwarded": {
    id: "foreign-firewall",
    words: "the policy of ip filter FORWARD is drop",
    cutsOff: true,
    harm: ({ host }) => host.exec(host.ns, "iptables", "-P", "FORWARD", "DROP"),
  },
  "Docker drops what is forwarded": firewall(programs.docker, "Docker drops packets of network nat"),
  "Docker drops IPv6 too": firewall(
    `${programs.docker}\n${programs.docker.replaceAll("iptables", "ip6tables").replace(/.*(172|addrtype).*/g, "")}`,
    "dropped: what its containers send out (IPv6)",
  ),
  "ufw drops what is forwarded": firewall(programs.ufw, "ufw drops packets of network nat"),
  "firewalld rejects what is forwarded": firewall(
    programs.firewalld,
    "firewalld drops packets of network nat",
  ),
  "the policy is DROP beside kube-proxy": firewall(
    programs.kubeProxy,
    "the policy of ip filter FORWARD is drop",
  ),
  "an nftables firewall rejects what is forwarded": {
    id: "foreign-firewall",
    words: "the table inet filter drops packets of network nat",
    harm: ({ host }) =>
      host.exec(
        host.ns,
        "nft",
        "add table inet filter; add chain inet filter forward { type filter hook forward priority 0; }; add rule inet filter forward reject",
      ),
  },
  "the uplink's MTU is lower": {
    id: "mtu",
    words: "MTU of vsw-nat is 1500, of eth0 1300",
    harm: ({ host }) => host.exec(host.ns, "ip", "link", "set", "eth0", "mtu", "1300"),
  },
  "the bridge is gone": {
    id: "drift",
    words: "all: switch vsw-nat is missing",
    harm: ({ host }) => host.exec(host.ns, "ip", "link", "delete", "vsw-nat"),
  },
  "a port is down": {
    id: "drift",
    words: "expected up, found down",
    harm: async ({ host }) => {
      const [port = ""] =
        (await host.exec(host.ns, "ip", "-o", "link", "show", "type", "veth")).match(/vp-\w+/) ?? [];
      await host.exec(host.ns, "ip", "link", "set", port, "down");
    },
  },
  "all rules are flushed": {
    id: "layout",
    words: "our nftables tables are gone",
    harm: ({ host }) => host.exec(host.ns, "nft", "flush", "ruleset"),
  },
  "others may read the state": {
    id: "state-file",
    words: "mode 0644",
    harm: ({ host, dataDir }) => host.exec(host.ns, "chmod", "0644", join(dataDir, "state.db")),
  },
};

describe.skipIf(reason !== undefined)(`vswitch doctor${reason ? ` (${reason})` : ""}`, () => {
  it("finds a host well, changes nothing, and says so shortly", async () => {
    const { lab, visit, text } = await patientLab();
    await using _ = lab;
    expect((await visit()).exitCode).toBe(0);
    await lab.add({ runtimeConfig: publish("8080:80/tcp") });
    await lab.add();
    const before = await lab.host.snapshot(lab.everything);
    const well = await visit();
    expect(well).toMatchObject({ exitCode: 0, bad: [] });
    expect((await text()).stdout).toMatch(/^This host is well/);
    expect(await lab.host.changes(before, lab.everything)).toBe("");
  });

  it.each(Object.keys(ailments))("names what is wrong when %s, and its remedy mends it", async (name) => {
    const ailment = ailments[name];
    if (ailment === undefined) throw new Error(name);
    const { lab, visit, follow } = await patientLab();
    await using _ = lab;
    const web = await lab.add({ runtimeConfig: publish("8080:80/tcp") });
    await lab.add();
    await ailment.harm(lab);
    const ill = await visit();
    expect(ill.exitCode).toBe(1);
    expect(ill.bad).toContain(ailment.id);
    expect(seen(ill, ailment.id)).toContain(ailment.words);
    if (ailment.cutsOff) expect(await lab.host.answersPing(web.ns, uplink.outside4)).toBe(false);
    await follow(ill, ailment.id);
    expect((await visit()).bad).toEqual([]);
    expect(await lab.host.answersPing(web.ns, uplink.outside4)).toBe(true);
  });

  it("names containers that are gone, and its remedy removes what is left of them", async () => {
    const { lab, visit, follow } = await patientLab();
    await using _ = lab;
    const gone = await lab.add();
    await lab.add();
    await lab.host.remove(gone.ns);
    const ill = await visit();
    expect(ill).toMatchObject({ exitCode: 1, bad: ["stale"] });
    expect(seen(ill, "stale")).toContain(`its compartment ${gone.ns.path} is gone`);
    await follow(ill, "stale");
    expect((await visit()).bad).toEqual([]);
    expect(lab.rows().filter((line) => line.startsWith("endpoints"))).toHaveLength(1);
  });

  it("names a state file that was damaged, of which a copy is left when it is rebuilt", async () => {
    const { lab, visit, follow } = await patientLab();
    await using _ = lab;
    await lab.add();
    writeFileSync(join(lab.dataDir, "state.db"), "not SQLite at all".repeat(1000));
    const ill = await visit();
    expect(seen(ill, "state-file")).toMatch(/was damaged .*state\.db\.corrupt-/s);
    const better = await visit();
    expect(better).toMatchObject({ exitCode: 0, bad: [] });
    expect(seen(better, "state-file")).toContain("the damaged copy is still there");
    await follow(better, "state-file");
    expect((await visit()).findings.find(({ id }) => id === "state-file")).toMatchObject({ severity: "ok" });
  });

  it("tells who may not look that he may not", async () => {
    const { lab } = await patientLab();
    await using _ = lab;
    await lab.add();
    const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const env = { PATH: toolPath, VSWITCH_DATA_DIR: lab.dataDir };
    const { stdout, exitCode } = await lab.host.plugin(join(binDir, "vswitch"), {
      args: ["doctor"],
      wrap: asNobody,
      env,
    });
    expect(exitCode).toBe(1);
    expect(stdout).toContain("the kernel could not be checked");
    expect(stdout).not.toContain("[kernel-features]");
    expect(stdout).toMatch(/remedy: .*root/s);
  });
});
