import { parseConfig } from "../../protocol/config-file.ts";
import { componentsOf } from "../files/held-directory.ts";
import { EXIT } from "../../protocol/exit-codes.ts";
import { Failure } from "../terminal/failure.ts";
import { RecipeText, type RecipeFiles } from "./recipe.ts";

/** A recipe whose parts agree with each other; owner and group are still names. */
export type ParsedRecipe = { readonly text: RecipeText; readonly files: RecipeFiles };

const READABLE_BY_OTHERS = 0o007;

/**
 * Parses the text of a recipe.
 *
 * @throws ConfigError with the place for what is malformed, Failure for parts that do not agree.
 */
export function parseRecipe(source: string, file: string): ParsedRecipe {
  const text = parseConfig(RecipeText, source, file);
  const files = filesOf(text, file);
  for (const path of [...Object.values(text.files), ...bundlePaths(text), ...neededPaths(text)])
    componentsOf(path);
  if ((modeOf(text) & READABLE_BY_OTHERS) !== 0) {
    throw wrong(file, `mode ${text.mode} lets everyone at the private key`, "mode 0600 or 0640");
  }
  const argument = commandsOf(text)
    .flat()
    .find((part) => part.includes("\0"));
  if (argument !== undefined)
    throw wrong(file, "an argument of reload holds a NUL byte", "leave it out");
  return { text, files };
}

/** The mode of the file that holds the key. */
export const modeOf = (text: RecipeText): number => Number.parseInt(text.mode ?? "0600", 8);

/** The commands of its reload, as they are written. */
export const commandsOf = ({ reload = [] }: RecipeText): readonly (readonly string[])[] => {
  const words = reload.flatMap((part) => (typeof part === "string" ? [part] : []));
  const commands = reload.flatMap((part) => (typeof part === "string" ? [] : [part]));
  return words.length === 0 ? commands : [words];
};

const neededPaths = ({ needs }: RecipeText): readonly string[] =>
  needs === undefined ? [] : [needs];

const bundlePaths = (text: RecipeText): readonly string[] =>
  (text.bundles ?? []).map((bundle) => bundle.file);

function filesOf(text: RecipeText, file: string): RecipeFiles {
  const { key, certificate, chain, combined } = text.files;
  const form = text.form ?? "pem";
  switch (form) {
    case "combined": {
      refuseOthers(text, file, ["combined", "chain"]);
      if (combined === undefined) throw missing(file, form, "combined");
      return { form, combined, ...(chain === undefined ? {} : { chain }) };
    }
    case "pem": {
      refuseOthers(text, file, ["key", "certificate", "chain"]);
      if (key === undefined) throw missing(file, form, "key");
      if (certificate === undefined) throw missing(file, form, "certificate");
      return { form, key, certificate, ...(chain === undefined ? {} : { chain }) };
    }
    case "ssh": {
      refuseOthers(text, file, ["key", "certificate", "public"]);
      if (key === undefined) throw missing(file, form, "key");
      if (certificate === undefined) throw missing(file, form, "certificate");
      const line = text.files.public;
      return { form, key, certificate, ...(line === undefined ? {} : { public: line }) };
    }
  }
}

function refuseOthers(text: RecipeText, file: string, allowed: readonly string[]): void {
  const other = Object.keys(text.files).find((name) => !allowed.includes(name));
  if (other === undefined) return;
  const form = text.form ?? "pem";
  throw wrong(
    file,
    `files.${other} has no place in form ${form}`,
    `files of form ${form}: ${allowed.join(", ")}`,
  );
}

const missing = (file: string, form: string, name: string): Failure =>
  wrong(file, `form ${form} needs files.${name}`, `add files.${name}`);

const wrong = (file: string, what: string, way: string): Failure =>
  new Failure(EXIT.usage, `${file}: ${what}`, [`${way}, then:  keyclient once --dry-run`]);
