import type { Entry, PersonName } from "./directory.ts";

/** Seconds: how old an answer may be, and how old when the directory does not answer. From the policy. */
export type AgeLimits = { readonly maxAge: number; readonly useLast: number };

/** What is known of a person, with its age in seconds. */
export type Facts =
  | { readonly state: "answered" | "kept"; readonly entry: Entry; readonly age: number }
  | { readonly state: "absent"; readonly age: number }
  /** `silent`: seconds since the directory last answered anything; absent when it never did. */
  | { readonly state: "unreachable"; readonly why: string; readonly silent?: number };

/** Finds facts, from memory where they are young enough. Never rejects: no answer is an answer here. */
export type FactFinder = (name: PersonName, limits: AgeLimits) => Promise<Facts>;
