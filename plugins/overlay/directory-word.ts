/** `"directory": "flannel"`: flannel's own defaults in a word. Pure. */

export type DirectoryWord = "flannel";

/** As flanneld has it: etcd on the host itself. What its keys begin with is the default of the type. */
const spelled = { type: "flannel", endpoints: ["http://127.0.0.1:2379"] } as const;

/** The word as the object that it stands for; all else as it is. */
export const spelledOut = (directory: unknown): unknown => (directory === "flannel" ? spelled : directory);
