/** Run in a namespace of its own: what the probe says there, and whether it leaves anything. */
import { spawnSync } from "node:child_process";
import { baseTable } from "../../../lib/linux/layout/base-table.ts";
import { LAYOUT_TABLE } from "../../../lib/linux/layout/table.ts";
import { thisMachine } from "../../../lib/linux/machine.ts";
import { probeHost } from "../../../lib/linux/probe-host.ts";
import { here, ip } from "./other-namespace.ts";

const nft = (...words: readonly string[]): string =>
  spawnSync("nft", words, { encoding: "utf8" }).stdout ?? "";
const state = (): string => JSON.stringify([here(), ip("link"), nft("list", "ruleset")]);

const machine = thisMachine();
const before = state();
const first = probeHost(machine);
const untouched = state() === before;

machine.rules.transaction(baseTable());
const whole = probeHost(machine).layout;
nft("flush", "chain", LAYOUT_TABLE.family, LAYOUT_TABLE.table, "prerouting");
const damaged = probeHost(machine).layout;
nft("delete", "table", LAYOUT_TABLE.family, LAYOUT_TABLE.table);
nft("add", "table", LAYOUT_TABLE.family, LAYOUT_TABLE.table);
const foreign = probeHost(machine).layout;
nft("delete", "table", LAYOUT_TABLE.family, LAYOUT_TABLE.table);
nft("add", "table", LAYOUT_TABLE.family, LAYOUT_TABLE.table, '{ comment "vswitch-cni, layout 1"; }');
const older = probeHost(machine).layout;

process.stdout.write(JSON.stringify({ first, untouched, whole, damaged, foreign, older }));
