/** The table of all scenarios, in the order in which they are shown. */
import type { Scenario } from "./scenario.ts";
import { addScenarios } from "./scenarios/add.ts";
import { chainScenarios } from "./scenarios/chain.ts";
import { checkScenarios } from "./scenarios/check.ts";
import { configScenarios } from "./scenarios/config.ts";
import { crashScenarios } from "./scenarios/crash.ts";
import { delScenarios } from "./scenarios/del.ts";
import { damagedDelScenarios } from "./scenarios/del-damage.ts";
import { delegateScenarios } from "./scenarios/delegate.ts";
import { failingDelegateScenarios } from "./scenarios/delegate-failing.ts";
import { environmentScenarios } from "./scenarios/environment.ts";
import { gcScenarios } from "./scenarios/gc.ts";
import { limitScenarios } from "./scenarios/limits.ts";
import { poolScenarios } from "./scenarios/pool.ts";
import { portScenarios } from "./scenarios/ports.ts";
import { portPathScenarios } from "./scenarios/ports-path.ts";
import { processScenarios } from "./scenarios/process.ts";
import { resultScenarios } from "./scenarios/result.ts";
import { scaleScenarios } from "./scenarios/scale.ts";
import { statusScenarios } from "./scenarios/status.ts";
import { trafficScenarios } from "./scenarios/traffic.ts";
export const scenarios: readonly Scenario[] = [
  ...processScenarios,
  ...environmentScenarios,
  ...configScenarios,
  ...limitScenarios,
  ...resultScenarios,
  ...addScenarios,
  ...trafficScenarios,
  ...delegateScenarios,
  ...failingDelegateScenarios,
  ...delScenarios,
  ...damagedDelScenarios,
  ...checkScenarios,
  ...gcScenarios,
  ...statusScenarios,
  ...poolScenarios,
  ...portScenarios,
  ...portPathScenarios,
  ...chainScenarios,
  ...crashScenarios,
  ...scaleScenarios,
];
