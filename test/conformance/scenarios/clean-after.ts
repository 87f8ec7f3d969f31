/** The frame of most DEL scenarios. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Attachment, Context } from "../context.ts";

/** Attaches on a warm host, lets the scenario delete, and expects the host as it was. */
export async function cleanAfter(
  context: Context,
  remove: (attachment: Attachment) => Promise<void>,
): Promise<void> {
  const before = await context.warm();
  const attachment = await context.attach();
  await remove(attachment);
  await context.unchanged(before, "after DEL");
}

/** Removes what is in a folder, not the folder. */
export function emptyFolder(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
}
