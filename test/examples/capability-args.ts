/** What a runtime has to hand for the capabilities that an example declares. */
import { policiesAnnotation } from "../../lib/hcn/annotation.ts";

/** As a pod's manifest has it: lets in what is published, and all out. */
const policies = [
  {
    Type: "ACL",
    Settings: { Action: "Allow", Direction: "In", LocalPorts: "80", Priority: 100 },
  },
  { Type: "ACL", Settings: { Action: "Allow", Direction: "Out", Priority: 200 } },
];

export const capabilityArgs = {
  portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }],
  bandwidth: { ingressRate: 80_000_000, ingressBurst: 800_000, egressRate: 80_000_000, egressBurst: 800_000 },
  dns: { servers: ["192.0.2.53"], searches: ["pods.example"] },
  "io.kubernetes.cri.pod-annotations": { [policiesAnnotation]: JSON.stringify(policies) },
} as const;
