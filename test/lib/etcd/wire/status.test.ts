import { describe, expect, it } from "vitest";
import { failureOfAnswer, failureOfStatus } from "../../../../lib/etcd/wire/status.ts";

/** As 3.4 and 3.5 say it; 3.6 leaves `error` out. */
const said = (status: number, code: number, message: string) => ({
  status,
  body: JSON.stringify({ error: message, message, code }),
});

describe("a refusal of etcd", () => {
  it.each([
    [401, 16, "etcdserver: invalid auth token", "refused", "none"],
    [403, 7, "etcdserver: permission denied", "refused", "none"],
    [400, 3, "etcdserver: user name is empty", "refused", "none"],
    [400, 3, "etcdserver: authentication failed, invalid user ID or password", "refused", "none"],
    [400, 3, "etcdserver: revision of auth store is old", "refused", "none"],
    [400, 11, "etcdserver: mvcc: required revision has been compacted", "compacted", "none"],
    [400, 11, "etcdserver: mvcc: required revision is a future revision", "other", "none"],
    [404, 5, "etcdserver: requested lease not found", "leaseNotFound", "none"],
    [400, 3, "etcdserver: request is too large", "tooLarge", "none"],
    [400, 3, "etcdserver: too many operations in txn request", "tooLarge", "none"],
    [429, 8, "grpc: received message larger than max (5000000 vs. 4194304)", "tooLarge", "unknown"],
    [400, 3, "etcdserver: duplicate key given in txn request", "other", "none"],
    [429, 8, "etcdserver: mvcc: database space exceeded", "other", "none"],
    [503, 14, "etcdserver: no leader", "noLeader", "none"],
    [503, 14, "etcdserver: leader changed", "noLeader", "unknown"],
    [503, 14, "etcdserver: request timed out, possibly due to connection lost", "timeout", "unknown"],
    [503, 14, "transport is closing", "unreachable", "unknown"],
    [500, 2, "context deadline exceeded", "timeout", "unknown"],
    [504, 4, "context deadline exceeded", "timeout", "unknown"],
    [500, 13, "etcdserver: something new", "other", "unknown"],
  ])("HTTP %i, code %i, %j is %s, and done: %s", (status, code, message, kind, outcome) => {
    expect(failureOfAnswer(said(status, code, message))).toMatchObject({ kind, outcome, why: message });
    const without = { status, body: JSON.stringify({ code, message }) };
    expect(failureOfAnswer(without)).toEqual(failureOfAnswer(said(status, code, message)));
    // In a stream, old versions call the code by another name.
    expect(failureOfStatus({ grpc_code: code, http_code: status, message })).toEqual(
      failureOfAnswer(without),
    );
  });

  it("that another token would help against says so", () => {
    const stale = (code: number, message: string) => failureOfAnswer(said(400, code, message)).staleToken;
    expect(stale(16, "etcdserver: invalid auth token")).toBe(true);
    expect(stale(3, "etcdserver: revision of auth store is old")).toBe(true);
    expect(stale(7, "etcdserver: permission denied")).toBeUndefined();
  });

  it("of a certificate with a common name is plain text", () => {
    const body =
      "CommonName of client sending a request against gateway will be ignored and not used as expected\n";
    expect(failureOfAnswer({ status: 400, body })).toMatchObject({ kind: "refused", outcome: "none" });
  });

  it.each([
    [502, "<html>Bad Gateway</html>"],
    [404, "Not Found\n"],
    [503, ""],
    [500, "[]"],
    [400, '{"message":"another service"}'],
  ])("is none: HTTP %i %j, and whether a write was done nobody knows", (status, body) => {
    expect(failureOfAnswer({ status, body })).toMatchObject({ kind: "unreachable", outcome: "unknown" });
  });
});
