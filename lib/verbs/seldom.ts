/** The verbs beside ADD and DEL, and what is asked when the state is lost: read together. */
export { cachedLeases, libcniCache } from "../../plugins/ipam/libcni-cache.ts";
export { check } from "./check.ts";
export { gc } from "./gc.ts";
export { recover } from "./recover.ts";
export { status } from "./status.ts";
