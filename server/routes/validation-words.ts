import type { FastifyError } from "fastify";

type Validation = NonNullable<FastifyError["validation"]>[number];

/** What a schema found wrong with a body or query, in words: where, what, and what belongs there. */
export const explainValidation = ({ instancePath, ...fault }: Validation): string =>
  `${instancePath === "" ? "the body" : instancePath} ${explain(fault)}`;

function explain({ keyword, params, message }: Omit<Validation, "instancePath">): string {
  const param = (name: string): string => String(params[name]);
  switch (keyword) {
    case "additionalProperties":
      return `has an unknown field ${JSON.stringify(params["additionalProperty"])}; see /v1/openapi.json`;
    case "required":
      return `lacks the field ${JSON.stringify(params["missingProperty"])}`;
    case "type":
      return `is not of type ${param("type")}`;
    case "minimum":
      return `is less than ${param("limit")}`;
    case "maximum":
      return `is more than ${param("limit")}`;
    case "minLength":
      return `has fewer than ${param("limit")} characters`;
    case "maxLength":
      return `has more than ${param("limit")} characters`;
    case "minItems":
      return `has fewer than ${param("limit")} items`;
    case "maxItems":
      return `has more than ${param("limit")} items; send the rest in another request`;
    case "pattern":
      return "has a form, or characters, that it may not have; see /v1/openapi.json";
    default:
      return message ?? "is not what the schema says; see /v1/openapi.json";
  }
}
