import type { Model } from "../../../policy/model.ts";

/** Everything that a policy says, places aside: equal texts, equal policies. */
export const sayings = (policy: Model): string =>
  JSON.stringify(policy, (key, value: unknown) =>
    key === "place" || key.endsWith("Place") || key === "reserved"
      ? undefined
      : value instanceof Map
        ? [...value].map(([name, item]: readonly [unknown, unknown]) =>
            key === "roles" ? name : [name, item],
          )
        : value,
  );
