/** Whether an ADD failed for lack of something that the directory may give. */
import { CniError } from "../../../lib/cni/error.ts";
import type { LackingError } from "./lacking.ts";

/** Known by its reason: the file of the error itself is read only by those who throw it. */
export const isLacking = (error: unknown): error is LackingError =>
  error instanceof CniError && error.reason === "directory-needed";
