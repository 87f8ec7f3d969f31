/** The verbs of the ipam, each read when it is called. */
import type {
  AddRequest,
  CheckRequest,
  DelRequest,
  GcRequest,
  StatusRequest,
} from "../../lib/cni/request.ts";
import type { Store } from "../../lib/state/store.ts";
import type { IpamResult } from "../../lib/verbs/ipam-result.ts";
import type { IpamContext } from "./context.ts";

const adding = () => require("./add.ts") as typeof import("./add.ts");
const deleting = () => require("./del.ts") as typeof import("./del.ts");
const seldom = () => require("./seldom.ts") as typeof import("./seldom.ts");

export const ipamAdd = (request: AddRequest, store: Store, context: IpamContext): IpamResult =>
  adding().ipamAdd(request, store, context);

export const ipamDel = (request: DelRequest, store: Store, context: IpamContext): boolean =>
  deleting().ipamDel(request, store, context);

export const ipamCheck = (request: CheckRequest, store: Store, context: IpamContext): void =>
  seldom().ipamCheck(request, store, context);

export const ipamGc = (request: GcRequest, store: Store, context: IpamContext): void =>
  seldom().ipamGc(request, store, context);

export const ipamStatus = (request: StatusRequest, store: Store, context: IpamContext): void =>
  seldom().ipamStatus(request, store, context);
