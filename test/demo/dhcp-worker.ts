/** The thread of dhcp-server.ts: a server with one address to give (RFC 2131 4.3). */
import { ip, ipFromNumber } from "../../lib/addr/ip.ts";
import { bounds, prefix, prefixAddress, prefixLength } from "../../lib/addr/prefix.ts";
import { decodeMessage, encodeMessage, type Message4, messageType } from "../../lib/dhcp/v4/message.ts";
import { inCompartment, openCompartment } from "../../lib/linux/netns.ts";
import type { ServerOrder } from "./dhcp-server.ts";

declare const self: Worker;

const ports = { server: 67, client: 68 };
const names: ReadonlyMap<number, string> = new Map(
  Object.entries(messageType).map(([name, number]) => [number, name]),
);
const heard: string[] = [];

self.onmessage = async ({ data }: MessageEvent<ServerOrder>) => {
  if (data.kind === "tell") return self.postMessage(heard.splice(0));
  await serve(data);
  self.postMessage("ready");
};

async function serve({ path, server, offer }: Extract<ServerOrder, { kind: "serve" }>): Promise<void> {
  const compartment = openCompartment(path);
  const socket = await inCompartment(compartment, () =>
    Bun.udpSocket({
      hostname: "0.0.0.0",
      port: ports.server,
      socket: {
        data: (self, bytes) => {
          const message = decodeMessage(bytes);
          const { type } = message.options;
          heard.push(names.get(type ?? 0) ?? "something else");
          const answer = answers[type ?? 0];
          // A client without an address hears what is sent to everybody.
          if (answer !== undefined) self.send(reply(message, answer), ports.client, broadcast);
        },
      },
    }),
  );
  socket.setBroadcast(true);
  const address = prefix(offer.address);
  const broadcast = ipFromNumber(4, bounds(address).last);
  const reply = (message: Message4, type: NonNullable<Message4["options"]["type"]>): Uint8Array =>
    encodeMessage({
      ...message,
      op: "reply",
      yiaddr: prefixAddress(address),
      options: {
        type,
        server: ip(server),
        leaseSeconds: offer.leaseSeconds,
        subnetMask: prefixLength(address),
        routers: [ip(offer.router)],
      },
    });
}

const answers: Readonly<Record<number, Message4["options"]["type"]>> = {
  [messageType.discover]: messageType.offer,
  [messageType.request]: messageType.ack,
};
