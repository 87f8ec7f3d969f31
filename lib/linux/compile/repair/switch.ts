/** A switch that somebody changed. Pure. */
import type { PortedSwitch as Switch } from "../../../model/switch.ts";
import { type LinkChanges, setLink } from "../../../netlink/route/set-link.ts";
import { markedNetwork, networkMark } from "../../mark.ts";
import type { SwitchState } from "../../observe.ts";
import type { Step } from "../../step.ts";
import { compileSwitch } from "../switch.ts";
import { own, wordsOf } from "./own-step.ts";

/**
 * As `compileSwitch`, and where somebody changed our bridge's MAC or MTU, those too: an ADD only refuses such a one.
 *
 * @throws {CniError} 108 when something else bears its name
 */
export function compileSwitchRepair(wanted: Switch, found: SwitchState): readonly Step[] {
  const { link } = found;
  // The host's place is on it: what somebody has changed there, he has changed for the host.
  if (wanted.kind === "bridge") return compileSwitch(wanted, found);
  const { name, network, mac, mtu } = wanted;
  const ours = link !== undefined && markedNetwork(link.alias) === networkMark(network);
  if (!ours || link.kind !== "bridge") return compileSwitch(wanted, found);
  const settings: LinkChanges = {
    ...(link.mac === mac ? {} : { mac }),
    // Once it is set it no longer follows the ports.
    ...(link.mtu === mtu ? {} : { mtu }),
  };
  const words = wordsOf(settings);
  const rest = compileSwitch(wanted, { ...found, link: { ...link, mac, mtu } });
  if (words.length === 0) return rest;
  const title = `link set ${name} ${words.join(" ")}`;
  return [{ ...own(title), action: { kind: "host", requests: () => [setLink(name, settings)] } }, ...rest];
}
