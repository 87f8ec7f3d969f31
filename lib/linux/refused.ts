/** What the kernel refuses, as an error of CNI: what was being done, its own words, what to do. */
import { CniError, errorCode } from "../cni/error.ts";
import { NetlinkError } from "../netlink/error.ts";
import { isErrno } from "../os/error.ts";
import { StepError } from "./run.ts";

/** The error a runtime sees for a step that the kernel refused. */
export function refused(doing: string, error: unknown): CniError {
  if (error instanceof CniError) return error;
  const cause = error instanceof StepError ? error.cause : error;
  const leftOver = error instanceof StepError ? error.undoFailures : [];
  if (cause instanceof CniError && leftOver.length === 0) return cause;
  const needs = error instanceof StepError ? error.step.needs : undefined;
  if (needs !== undefined && isErrno(cause, "EOPNOTSUPP")) return lacking(doing, needs, error);
  const takes = error instanceof StepError ? error.step.takes : undefined;
  if (takes !== undefined && isErrno(cause, "EADDRINUSE")) return taken(doing, takes, error);
  const code = isErrno(cause, "EPERM", "EACCES") ? errorCode.permission : errorCode.kernelRefused;
  const own =
    cause instanceof CniError
      ? cause
      : new CniError(code, `${doing}: ${error instanceof Error ? error.message : String(error)}`, {
          reason: code === errorCode.permission ? "permission" : "kernel-refused",
          cause: error,
        });
  const details = [
    own.details ?? remedy(cause),
    ...leftOver.map((one) => `could not be undone: ${String(one)}`),
  ];
  const known = details.filter((text) => text !== undefined);
  return new CniError(own.code, own.message, {
    reason: own.reason,
    ...(known.length > 0 ? { details: known.join("; ") } : {}),
    cause: error,
  });
}

/** What was asked for cannot be had here, and nothing was made of it. */
function lacking(doing: string, module: string, cause: unknown): CniError {
  return new CniError(errorCode.unsupportedField, `${doing}: this kernel has no ${module}`, {
    reason: "kernel-feature-missing",
    details: `load the module ${module} (modprobe ${module}), use a kernel that has it, or do without`,
    cause,
  });
}

function taken(doing: string, what: string, cause: unknown): CniError {
  return new CniError(errorCode.conflict, `${doing}: another program of this host has ${what}`, {
    reason: "port-in-use",
    details: "end it (ss -ulpn and ip -d link show type vxlan tell who it is), or choose another port",
    cause,
  });
}

function remedy(cause: unknown): string | undefined {
  if (isErrno(cause, "EPERM", "EACCES"))
    return "the plugin needs root or CAP_NET_ADMIN in this network namespace";
  if (isErrno(cause, "EOPNOTSUPP", "EPROTONOSUPPORT", "EAFNOSUPPORT") || lacksQueueing(cause))
    return "the kernel lacks a feature that the message names: load its module, or use a kernel that has it";
  if (isErrno(cause, "ENOMEM", "ENOBUFS")) return "the kernel is short of memory: try again";
  return undefined;
}

/** Traffic control has another errno for what the kernel was built without. */
function lacksQueueing(cause: unknown): boolean {
  return (
    isErrno(cause, "ENOENT") && cause instanceof NetlinkError && /^(qdisc|filter) add /.test(cause.operation)
  );
}

/** Runs it; what the kernel refuses becomes an error of CNI that says what was being done. */
export function asking<T>(doing: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    const refusal = error instanceof StepError || (error instanceof Error && "errno" in error);
    throw refusal ? refused(doing, error) : error;
  }
}
