import type { Namespace } from "../../system/namespaces.ts";
import type { Attachment, Context } from "../context.ts";
import { ipOf } from "../result-view.ts";
import { must } from "../scenario.ts";

/** One port, as most scenarios publish it. */
export const mapping = { hostPort: 8080, containerPort: 80, protocol: "tcp" } as const;

/** Attaches with ports and starts a server behind containerPort 80. */
export async function published(context: Context, portMappings: readonly object[]): Promise<Attachment> {
  const attachment = await context.attach({ runtimeConfig: { portMappings } });
  await context.host.echo(attachment.ns, { protocol: "tcp", address: ipOf(attachment), port: 80 });
  return attachment;
}

/** A connection must be answered by the server at that address. @throws Seen */
export async function reach(
  context: Context,
  from: Namespace,
  address: string,
  server: string,
  port = 8080,
): Promise<void> {
  const answer = await context.host.ask(from, { protocol: "tcp", address, port });
  must(answer.at === server, `${address}:${port} is answered by ${answer.at}, not by ${server}`);
}
