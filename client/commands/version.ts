import { readFileSync } from "node:fs";

/** The version in package.json. */
export function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const parsed: unknown = JSON.parse(text);
  const isManifest = typeof parsed === "object" && parsed !== null && "version" in parsed;
  return isManifest && typeof parsed.version === "string" ? parsed.version : "unknown";
}
