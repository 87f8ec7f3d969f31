import { describe, expect, it } from "vitest";
import { ip } from "../../../../lib/addr/ip.ts";
import { prefix } from "../../../../lib/addr/prefix.ts";
import { compileEndpoint } from "../../../../lib/linux/compile/endpoint.ts";
import { publishedFlows } from "../../../../lib/linux/compile/flows.ts";
import { expectApproved } from "../../../approved.ts";
import { formatSteps } from "../../../plans/format-steps.ts";
import { type NatCase, natPlan } from "../../../plugins/nat/fixture.ts";
import { everyPolicy, otherPolicies } from "../policies.ts";

const dual = ["10.88.0.5/16 10.88.0.1", "fd00::5/64 fd00::1"];
const web = { hostPort: 8080, containerPort: 80, protocol: "tcp" };
const dns = { hostPort: 53, containerPort: 5353, protocol: "udp" };

const compile = (one: NatCase) => compileEndpoint(natPlan(one), 9);

describe("the steps that attach an endpoint", () => {
  it.each<[string, NatCase]>([
    ["IPv4 without ports", { ips: ["10.88.0.5/16 10.88.0.1"] }],
    ["both families with ports", { ips: dual, ports: [web, dns, { ...web, hostIP: "192.0.2.1" }] }],
    ["IPv6 alone", { ips: ["fd00::5/64"] }],
    ["every kind of policy", everyPolicy],
    ["other policies", otherPolicies],
    ["no policy at all", { ips: ["10.88.0.5/16"], config: { guard: false } }],
    [
      "routes on the link before those through a gateway",
      {
        ips: ["10.88.0.5/16"],
        routes: [
          { dst: prefix("10.1.0.0/16"), gw: ip("10.99.0.1") },
          { dst: prefix("10.99.0.0/24"), scope: 253 },
        ],
      },
    ],
  ])("are as approved: %s", (name, one) => {
    expectApproved(`plans/steps/endpoint ${name}.txt`.replaceAll(" ", "-"), formatSteps(compile(one)));
  });

  it("can all be undone by deleting the port and its policies, which each come about at once", () => {
    const steps = compile({ ips: dual, ports: [web, dns] });
    expect(new Set(steps.map(({ scope }) => scope))).toEqual(new Set(["endpoint"]));
    const undone = steps.filter(({ undo }) => undo !== undefined).map(({ title }) => title.split(" ")[0]);
    expect(undone).toEqual(["policies", "link"]);
    for (const { action, undo } of steps)
      if (undo !== undefined && action.kind === "host") expect(action.requests(() => 1)).toHaveLength(1);
  });

  it("do no harm to others: nothing in the compartment comes before the pair is made", () => {
    const steps = compile({ ips: dual, ports: [web] });
    const pair = steps.findIndex(({ title }) => title.startsWith("link add"));
    expect(steps.slice(0, pair).map(({ action }) => action.kind)).toEqual(["rules", "learn"]);
  });

  it.each([
    ["every kind", everyPolicy],
    ["others", otherPolicies],
    ["published ports", { ips: dual, ports: [web] }],
  ])("have all policies in force before the port is there, so that none is ever without: %s", (_, one) => {
    const [first, ...rest] = compile(one);
    expect(first?.action.kind).toBe("rules");
    expect(rest.filter(({ action }) => action.kind === "rules")).toEqual([]);
  });

  it("take published ports from nobody, and what bears the port's name however it came there", () => {
    const requests = compile({ ips: dual, ports: [web, dns] }).flatMap(({ action }) =>
      action.kind === "rules"
        ? action.requests.map(({ title }) => title.split(" ").slice(0, 5).join(" "))
        : [],
    );
    const published = requests.filter((title) => title.includes("published"));
    expect(published.map((title) => title.split(" ")[0])).toEqual(["create", "create"]);
    expect(requests.filter((title) => title.includes("guard"))).not.toContain(
      expect.stringMatching(/^create/),
    );
    expect(requests).toContain("add element bridge vswitch guarded");
  });
});

describe("the flows that a published port makes wrong", () => {
  it("are those of protocols without connections, once each", () => {
    const ports = [web, dns, { ...dns, hostPort: 54 }, { ...dns, protocol: "sctp" }];
    expect(publishedFlows(natPlan({ ips: dual, ports }))).toEqual({
      protocols: ["udp", "sctp"],
      hostPorts: [53, 54],
      addresses: ["10.88.0.5", "fd00::5"],
    });
  });

  it("are none for TCP, and none without ports", () => {
    expect(publishedFlows(natPlan({ ips: dual, ports: [web] }))).toBeUndefined();
    expect(publishedFlows(natPlan({ ips: dual }))).toBeUndefined();
  });
});
