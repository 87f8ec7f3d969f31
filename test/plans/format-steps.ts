/** Steps as text for people: titles with the requests they stand for, and how each is undone. */
import type { Action, Deed, Role, Step } from "../../lib/linux/step.ts";

const indexes: Readonly<Record<Role, number>> = {
  switch: 1001,
  port: 1002,
  vnic: 1003,
  limiter: 1004,
  uplink: 1005,
  tap: 1006,
};

/** In requests the number of a link is replaced by what it is. */
export function formatSteps(steps: readonly Step[]): string {
  const text = steps.flatMap((step) => formatStep(step)).join("\n");
  return Object.entries(indexes).reduce(
    (all, [role, index]) => all.replaceAll(`index ${index}`, `[${role}]`),
    text,
  );
}

function formatStep({ title, scope, action, undo, accept = [] }: Step): readonly string[] {
  return [
    `${scope}: ${title}`,
    ...formatAction(action).map((line) => `  ${line}`),
    ...(accept.length > 0 ? [`  accepts ${accept.join(" ")}`] : []),
    ...(undo === undefined ? [] : formatAction(undo).map((line) => `  undone by ${line}`)),
  ];
}

function formatAction(action: Action): readonly string[] {
  switch (action.kind) {
    case "host":
    case "compartment":
      return action.requests((role) => indexes[role]).map(({ title }) => `${action.kind}: ${title}`);
    case "together": {
      const back = action.back((role) => indexes[role]).map(formatDeed);
      return [
        "in one datagram",
        ...action.deeds((role) => indexes[role]).map((deed) => `  ${formatDeed(deed)}`),
        "and where one of it is refused, in one datagram",
        ...back.map((deed) => `  ${deed}`),
      ];
    }
    case "rules":
      return [`in one transaction`, ...shortened(action.requests.map(({ title }) => `  ${title}`))];
    case "sysctl":
      return [
        `${action.where}: ${action.key.join("/")}=${action.value}${action.optional ? " where there" : ""}`,
      ];
    case "learn":
      return [`${action.where}: ${action.name} is the ${action.role}`];
    case "tap": {
      const { owner, group, multiQueue, vnetHeader, name } = action.tap;
      const words = [owner !== undefined && `user ${owner}`, group !== undefined && `group ${group}`];
      const flags = [multiQueue && "multi_queue", vnetHeader && "vnet_hdr"];
      return [`${action.where}: tuntap add ${[name, ...words, ...flags].filter(Boolean).join(" ")}`];
    }
    case "offload":
      return [`host: checksums of ${action.name} ${action.txChecksum ? "late" : "early"}`];
    case "carrier":
      return [`until the ${action.role} works`];
    case "probe":
      return [
        `${action.where ? "on the host" : "in the compartment"}: who has ${action.addresses.join(" ")}, for ${action.waitMs} ms`,
      ];
    case "announce":
      return [`on the uplink: ${action.addresses.join(" ")}`];
    case "forget-flows": {
      const { protocols, hostPorts, addresses } = action.flows;
      return [`${protocols.join(" ")} to ports ${hostPorts.join(" ")}, from ${addresses.join(" ")}`];
    }
  }
}

const formatDeed = ({ request, accept = [] }: Deed): string =>
  `${request.title}${accept.length > 0 ? ` (accepts ${accept.join(" ")})` : ""}`;

/** Of what a table is made of, which golden/nft/layout.nft tells, only the kinds. */
function shortened(titles: readonly string[]): readonly string[] {
  const kinds = titles.map(
    (title) => /^ *(?:add (?:chain|map|rule|set)|flush chain) \S+ \S+/.exec(title)?.[0] ?? title,
  );
  return kinds.flatMap((kind, i) =>
    kind === kinds[i - 1] ? [] : kind === titles[i] ? [kind] : [`${kind} ...`],
  );
}
