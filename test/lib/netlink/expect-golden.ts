import { expect } from "vitest";
import { NLM_F_ACK, NLM_F_REQUEST, type Request } from "../../../lib/netlink/message.ts";
import { formatPayload, type Golden } from "./golden.ts";

/** The request is, but for NLM_F_REQUEST and NLM_F_ACK which the connection adds, what the other program sent. */
export function expectGolden(request: Request, { request: wanted }: Golden, headerLength: number): void {
  const added = NLM_F_REQUEST | NLM_F_ACK;
  expect(request.type).toBe(wanted.type);
  expect(request.flags | added).toBe(wanted.flags | added);
  expect(formatPayload(request.payload, headerLength)).toEqual(formatPayload(wanted.payload, headerLength));
}
