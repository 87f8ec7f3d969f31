/** The verbs beside ADD and DEL, and what is asked when the state is lost: read together. */
export { ipamCheck } from "./check.ts";
export { ipamGc } from "./gc.ts";
export { cachedLeases, libcniCache } from "./libcni-cache.ts";
export { ipamStatus } from "./status.ts";
export { requireUsableFolder } from "./usable-folder.ts";
