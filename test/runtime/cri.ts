/** A client of the Container Runtime Interface: the calls by which the kubelet attaches pods to networks. */
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { loadSync, type ServiceDefinition } from "@grpc/proto-loader";

export interface PodPort {
  readonly protocol?: "TCP" | "UDP" | "SCTP";
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp?: string;
}

export interface PodOptions {
  readonly name: string;
  readonly cgroupParent: string;
  readonly ports?: readonly PodPort[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface PodStatus {
  readonly state: "SANDBOX_READY" | "SANDBOX_NOTREADY";
  /** Empty when the pod has no network (any more). */
  readonly address: string;
  /** Path of the pod's network namespace, in the runtime's file system. */
  readonly netns: string;
}

export interface Cri extends Disposable {
  /** Name and version of the runtime. */
  version(): Promise<string>;
  /** Why the runtime's network is not ready, or "" when it is. */
  networkTrouble(): Promise<string>;
  /** RunPodSandbox: gives the pod's id. */
  runPod(options: PodOptions): Promise<string>;
  stopPod(id: string): Promise<void>;
  removePod(id: string): Promise<void>;
  podStatus(id: string): Promise<PodStatus>;
  /** Ids of all pods, stopped ones too. */
  listPods(): Promise<readonly string[]>;
}

const callTimeoutMs = 30_000;

/** Connects at the first call. @param socket path of the runtime's socket */
export function connectCri(socket: string): Cri {
  const { client, call } = criCalls(socket);
  return {
    version: async () => {
      const { runtimeName, runtimeVersion } = await call<Version>("Version", {});
      return `${runtimeName} ${runtimeVersion}`;
    },
    networkTrouble: async () => {
      const { status } = await call<Status>("Status", {});
      const network = status.conditions.find(({ type }) => type === "NetworkReady");
      return network?.status === true ? "" : `${network?.reason}: ${network?.message}`;
    },
    runPod: async (options) => {
      const { podSandboxId } = await call<PodId>("RunPodSandbox", { config: podConfig(options) });
      return podSandboxId;
    },
    stopPod: async (podSandboxId) => {
      await call("StopPodSandbox", { podSandboxId });
    },
    removePod: async (podSandboxId) => {
      await call("RemovePodSandbox", { podSandboxId });
    },
    podStatus: async (podSandboxId) =>
      podStatusOf(await call<FullStatus>("PodSandboxStatus", { podSandboxId, verbose: true })),
    listPods: async () => (await call<Pods>("ListPodSandbox", {})).items.map(({ id }) => id),
    [Symbol.dispose]: () => client.close(),
  };
}

interface Version {
  readonly runtimeName: string;
  readonly runtimeVersion: string;
}
interface Status {
  readonly status: {
    readonly conditions: readonly {
      readonly type: string;
      readonly status: boolean;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}
interface PodId {
  readonly podSandboxId: string;
}
interface FullStatus {
  readonly status: {
    readonly state: PodStatus["state"];
    readonly network: { readonly ip: string } | null;
  };
  readonly info: Readonly<Record<string, string>>;
}
interface Pods {
  readonly items: readonly { readonly id: string }[];
}

function podConfig({ name, cgroupParent, ports = [], annotations = {} }: PodOptions): unknown {
  return {
    metadata: { name, uid: `uid-of-${name}`, namespace: "default", attempt: 0 },
    hostname: name,
    portMappings: ports.map((port) => ({ protocol: "TCP", ...port })),
    annotations,
    linux: { cgroupParent },
  };
}

function podStatusOf({ status, info }: FullStatus): PodStatus {
  interface Details {
    readonly runtimeSpec?: { readonly linux?: { readonly namespaces?: readonly Named[] } };
  }
  interface Named {
    readonly type: string;
    readonly path?: string;
  }
  const details = JSON.parse(info.info ?? "{}") as Details;
  const network = details.runtimeSpec?.linux?.namespaces?.find(({ type }) => type === "network");
  return { state: status.state, address: status.network?.ip ?? "", netns: network?.path ?? "" };
}

type Call = <T>(method: string, request: unknown) => Promise<T>;

function criCalls(socket: string): { readonly client: Client; readonly call: Call } {
  const protocol = loadSync(join(import.meta.dirname, "cri.proto"), { enums: String, defaults: true });
  const service = protocol["runtime.v1.RuntimeService"];
  if (service === undefined || "format" in service) throw new Error("cri.proto holds no RuntimeService");
  const client = new Client(`unix://${socket}`, credentials.createInsecure());
  const call: Call = <T>(method: string, request: unknown) =>
    new Promise<T>((resolve, reject) => {
      const definition = (service as ServiceDefinition)[method];
      if (definition === undefined) throw new Error(`the interface has no method ${method}`);
      client.makeUnaryRequest(
        definition.path,
        definition.requestSerialize,
        (bytes) => definition.responseDeserialize(bytes) as T,
        request as object,
        { deadline: Date.now() + callTimeoutMs },
        (error, response) => {
          if (response !== undefined && error === null) resolve(response);
          else reject(new Error(`${method}: ${error?.details ?? "no answer"}`, { cause: error }));
        },
      );
    });
  return { client, call };
}
