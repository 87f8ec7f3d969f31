/** The order of test files: those that take long first, so that at the end no worker waits for the last one alone. */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Longest first, as the suite's last lines tell. Elsewhere vitest takes size for time, and these are small. */
const slow = [
  "conformance/conformance.test.ts",
  "lib/linux/failures.test.ts",
  "system/nat-killed.test.ts",
  "system/transparent-bridge-killed.test.ts",
  "vm/ipvlan.test.ts",
  "vm/vm-nic.test.ts",
  "system/overlay-killed.test.ts",
  "vm/overlay-sealed.test.ts",
  "system/nat-qos.test.ts",
  "system/transparent-routed-failures.test.ts",
  "system/transparent-routed-killed.test.ts",
  "system/nat-vm-nic-killed.test.ts",
  "demo/demo.test.ts",
  "vm/transparent-vlan.test.ts",
  "vm/debian-host.test.ts",
  "vm/machine.test.ts",
  "system/nat-crowd.test.ts",
  "system/nat-failures.test.ts",
  "system/nat-killed-lost.test.ts",
  "oracle/oracle.test.ts",
  "system/transparent-dhcp.test.ts",
];

const rank = ({ moduleId }: TestSpecification): number => {
  const at = slow.findIndex((name) => moduleId.endsWith(`/test/${name}`));
  return at < 0 ? slow.length : at;
};

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // Those that share processes one after the other, as a process ends when the next file wants one of its own.
    const order = (file: TestSpecification) => rank(file) * 2 + Number(!file.project.config.isolate);
    return (await super.sort(files)).toSorted((a, b) => order(a) - order(b));
  }
}
