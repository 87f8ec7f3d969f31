/** Steps that make the port of an endpoint, with its vNIC at the other end, and what policies need of it. Pure. */
import { type Plan, portMac } from "../../model/plan.ts";
import { isBridge } from "../../model/switch.ts";
import { linkName, portTap } from "../../model/vm-nic.ts";
import { deleteLink } from "../../netlink/route/link.ts";
import { setLink } from "../../netlink/route/set-link.ts";
import { createVeth } from "../../netlink/route/veth.ts";
import { learn, own } from "../endpoint-step.ts";
import { encodeAdd, encodeDelete, encodeEnsure } from "../layout/element-requests.ts";
import { type AclParts, deletePortAcls, encodePortAcls, wholeParts } from "../layout/port-acl-requests.ts";
import { isOfPort } from "../layout/sets.ts";
import { endpointAlias } from "../mark.ts";
import type { Step } from "../step.ts";
import { endpointAcls, endpointElements } from "./elements.ts";
import { portFlags } from "./port-flags.ts";

export function learnSwitch({ switch: { name } }: Plan): Step {
  return learn("host", "switch", name);
}

/** The first port brings the switch's own carrier, a moment later: until then the host's answers are dropped. */
export function carriers(plan: Plan): readonly Step[] {
  const { switch: vswitch } = plan;
  // A tap has none before somebody opens it.
  if (portTap(plan) !== undefined) return [];
  return [
    awaitPort(plan),
    // Somebody else's may have a spanning tree, which takes its time.
    ...(isBridge(vswitch) && vswitch.existing
      ? []
      : [
          {
            ...own(`wait for the carrier of ${vswitch.name}`),
            action: { kind: "carrier", role: "switch" },
          } satisfies Step,
        ]),
  ];
}

/** The port is learnt already. */
export function awaitPort({ port }: Plan): Step {
  return { ...own(`wait for the carrier of ${port.name}`), action: { kind: "carrier", role: "port" } };
}

export function learnPort({ port: { name } }: Plan): Step {
  return learn("host", "port", name);
}

/** The pair is made by one message, or not at all; deleting the port deletes both ends. */
export function createVnic(plan: Plan, netnsFd: number, up: boolean): readonly Step[] {
  const {
    owner,
    key,
    vnic,
    port,
    switch: { mtu, isolated },
  } = plan;
  const { name } = port;
  // A process may wait in the compartment for its link: none of its frames passes before the port is isolated.
  const late = up && isolated === true;
  const end = linkName(plan);
  const peer = { name: end, mtu: vnic.mtu, mac: vnic.mac, netnsFd };
  const alias = endpointAlias(owner, vnic.addresses);
  return [
    {
      ...own(`link add ${name} type veth peer ${end}`),
      action: {
        kind: "host",
        requests: (index) => [
          createVeth({ name, mtu, mac: portMac(key), master: index("switch"), up: up && !late, peer }),
        ],
      },
      undo: { kind: "host", requests: () => [deleteLink(name)] },
    },
    {
      ...own(`link set ${name} alias "${alias}"`),
      action: {
        kind: "host",
        requests: () => [
          setLink(name, { alias }),
          // The port of a switch speaks for nobody: no link-local address.
          setLink(name, { addrGenMode: "none" }),
          ...portFlags(plan),
          ...(late ? [setLink(name, { up: true })] : []),
        ],
      },
      accept: ["EAFNOSUPPORT"],
    },
  ];
}

/**
 * Before the port is there, so that it never carries a packet that its policies forbid, and in one batch, which does
 * everything or nothing. Its elements bear its name, which nobody else has; a published port may be somebody's.
 */
export function applyPolicies(plan: Plan, there: readonly AclParts[]): readonly Step[] {
  const elements = endpointElements(plan);
  if (elements.length === 0) return [];
  const acls = endpointAcls(plan);
  const count = acls.reduce((sum, { boxes }) => sum + boxes.length, elements.length);
  const own = elements.filter(({ set }) => isOfPort(set));
  const shared = elements.filter(({ set }) => !isOfPort(set));
  return [
    {
      title: `policies of ${plan.port.name}: ${count} elements`,
      scope: "endpoint",
      action: {
        kind: "rules",
        requests: [...encodePortAcls(acls, there), ...encodeEnsure(own), ...encodeAdd(shared)],
      },
      undo: {
        kind: "rules",
        // Few are undone.
        get requests() {
          return [...encodeDelete(elements), ...deletePortAcls(wholeParts(acls))];
        },
      },
    },
  ];
}
