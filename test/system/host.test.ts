import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { whyNoSctp } from "./echo.ts";
import { createHost, uplink } from "./host.ts";
import { whyNoNamespaces } from "./namespaces.ts";

const reason = whyNoNamespaces();

describe.skipIf(reason !== undefined)(
  `the throw-away host${reason === undefined ? "" : ` (${reason})`}`,
  () => {
    it("reaches the machine beyond it over both families", async () => {
      await using host = await createHost();
      expect(await host.answersPing(host.ns, uplink.outside4)).toBe(true);
      expect(await host.answersPing(host.ns, uplink.outside6)).toBe(true);
      expect(await host.answersPing(host.ns, "192.0.2.77")).toBe(false);
    });

    it("has a machine beyond that knows no way back to what is behind the host", async () => {
      await using host = await createHost();
      const tried = await host.run(host.outside, ["ip", "route", "get", "10.1.2.3"]);
      expect(tried.exitCode).not.toBe(0);
    });

    it("sees no change where there is none and names what was added", async () => {
      await using host = await createHost();
      const before = await host.snapshot();
      expect(await host.changes(before)).toBe("");
      await host.exec(host.ns, "ip", "link", "add", "br9", "type", "bridge");
      await host.exec(host.ns, "ip", "route", "add", "10.9.0.0/24", "via", uplink.outside4, "table", "77");
      await host.exec(host.ns, "nft", "add", "table", "inet", "mine");
      await host.exec(host.ns, "sysctl", "-qw", "net.ipv4.ip_forward=1");
      const changes = await host.changes(before);
      for (const part of ["br9", "10.9.0.0/24", "table inet mine", "ip_forward"])
        expect(changes).toContain(part);
    });

    for (const protocol of ["tcp", "udp", "sctp"] as const) {
      const why = protocol === "sctp" ? whyNoSctp() : undefined;
      it.skipIf(why !== undefined)(
        `carries ${protocol} between namespaces and tells the client's address${why === undefined ? "" : ` (${why})`}`,
        async () => {
          await using host = await createHost();
          const target = { protocol, address: uplink.outside4, port: 7007 };
          await host.echo(host.outside, target);
          const answer = await host.ask(host.ns, { ...target, message: "hello" });
          expect(answer).toMatchObject({ from: uplink.host4, data: "hello" });
          expect(await host.answers(host.ns, { ...target, port: 7008, timeoutMs: 300 })).toBe(false);
        },
      );
    }

    it("captures packets", async () => {
      await using host = await createHost();
      await using capture = await host.capture(host.outside, "eth0", "icmp");
      expect(await host.answersPing(host.ns, uplink.outside4)).toBe(true);
      expect(await capture.packet(/echo request/)).toContain(`${uplink.host4} > ${uplink.outside4}`);
    });

    it("calls an executable with nothing but the environment given", async () => {
      await using host = await createHost();
      const outcome = await host.plugin("/usr/bin/env", { verb: "ADD", env: { A: "b" }, stdin: {} });
      expect(outcome).toMatchObject({ exitCode: 0, stdout: "A=b\nCNI_COMMAND=ADD\n", pipesHeld: false });
    });

    it("notices a process that outlives the plugin and holds its output", async () => {
      await using host = await createHost();
      const outcome = await host.plugin("/bin/sh", { args: ["-c", "sleep 30 & exit 3"] });
      expect(outcome).toMatchObject({ exitCode: 3, pipesHeld: true });
    });

    it("leaves no namespace, process or folder", async () => {
      const host = await createHost();
      const compartment = await host.compartment();
      const child = host.start(compartment, ["sleep", "1000"]);
      expect(existsSync(compartment.path)).toBe(true);
      await host.close();
      await child.stop();
      expect(existsSync(host.dir)).toBe(false);
      expect(readdirSync("/run/netns")).not.toContain(compartment.name);
      expect(readdirSync("/run/netns")).not.toContain(host.ns.name);
    });
  },
);
