/** What is beyond the host, as far as its default routes tell. */
import { prefixFamily, prefixLength } from "../../../../lib/addr/prefix.ts";
import type { SceneHost, SceneRoute } from "../../../../lib/model/scene.ts";
import { type GraphLine, line, warning } from "../graph.ts";
import type { Kind } from "../kind.ts";

export const outsideId = "outside";

export const outsideKind: Kind = {
  layer: "outside",
  dot: "ellipse",
  mermaid: ["([", "])"],
  part: ({ host }) => {
    const routes = defaultRoutes(host);
    const none = warning("no default route", "packets to other networks have no way out of the host");
    return {
      nodes: [
        {
          id: outsideId,
          kind: "outside",
          name: "Outside",
          lines: routes.map(routeLine),
          marks: routes.length === 0 ? [none] : [],
          data: { routes },
        },
      ],
      edges: [],
    };
  },
};

/** Of the main table, the preferred first. */
export function defaultRoutes({ routes }: Pick<SceneHost, "routes">): readonly SceneRoute[] {
  return routes
    .filter(({ destination, type, table }) => {
      return prefixLength(destination) === 0 && type === "unicast" && table === mainTable;
    })
    .toSorted((a, b) => familyOf(a) - familyOf(b) || a.priority - b.priority);
}

/** RT_TABLE_MAIN of linux/rtnetlink.h. */
const mainTable = 254;

const familyOf = ({ destination }: SceneRoute): number => prefixFamily(destination);

function routeLine(route: SceneRoute): GraphLine {
  const { gateway, interface: device = "?" } = route;
  return line(`IPv${familyOf(route)} by ${device}${gateway === undefined ? "" : `, next router ${gateway}`}`);
}
