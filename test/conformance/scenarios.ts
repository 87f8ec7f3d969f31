/** The table of all scenarios, in the order in which they are shown. */
import type { Scenario } from "./scenario.ts";
import { configScenarios } from "./scenarios/config.ts";
import { environmentScenarios } from "./scenarios/environment.ts";
import { limitScenarios } from "./scenarios/limits.ts";
import { processScenarios } from "./scenarios/process.ts";

export const scenarios: readonly Scenario[] = [
  ...processScenarios,
  ...environmentScenarios,
  ...configScenarios,
  ...limitScenarios,
];
