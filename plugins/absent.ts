/** Plugins whose name is taken but which this build does not hold: CNI error 50 for every verb that would act. */
import { CniError, errorCode } from "../lib/cni/error.ts";
import { pluginMain } from "../lib/cni/main.ts";

export function main(): void {
  const type = process.argv0.slice(process.argv0.lastIndexOf("/") + 1);
  const refuse = (): never => {
    throw new CniError(errorCode.notAvailable, `plugin ${type} is not in this build`, {
      reason: "not-in-this-build",
      details: "use nat, or a later version of vswitch-cni",
    });
  };
  // What was never added is gone already.
  pluginMain(type, { add: refuse, check: refuse, status: refuse, del() {}, gc() {} });
}
