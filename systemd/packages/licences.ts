import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readManifest } from "./manifest.ts";

/** Software of others in our packages, with the text that its licence wants to be handed on. */
export type Notice = { readonly name: string; readonly licence: string; readonly text: string };

const OURS = `Keysystem

Copyright: Keysystem contributors
License: MIT

${mit("Keysystem contributors")}`;

/** `copyright` of the packages (Debian Policy §12.5): ours, then each part in the order given. */
export function formatCopyright(notices: readonly Notice[]): string {
  const parts = notices.map(
    ({ name, licence, text }) => `${name} (${licence})\n\n${shorten(text.trim())}\n`,
  );
  const begin = `${OURS}
The programs run on Node.js, whose licence and those of its parts are in the file node-licence.gz
beside this one. They contain the software below, each part under its own licence.
`;
  return [begin, ...parts].join(`\n${"-".repeat(79)}\n\n`);
}

/** Texts that Debian brings already: these are named, not repeated. */
const COMMON = [
  ["Apache-2.0", /^[^\n]*Apache License\s+Version 2\.0[\s\S]*END OF TERMS AND CONDITIONS[^\n]*/m],
  ["GPL-2", /^ *GNU GENERAL PUBLIC LICENSE\n *Version 2, June 1991[\s\S]*/m],
] as const;

const shorten = (text: string): string =>
  COMMON.reduce(
    (rest, [name, pattern]) =>
      rest.replace(pattern, `${name}: on Debian systems /usr/share/common-licenses/${name}`),
    text,
  );

/**
 * The notice of an npm package.
 *
 * @param folder of the package, absolute
 * @throws Error when it names no licence
 */
export function readNotice(folder: string): Notice {
  const { name, version, license, author } = readManifest(folder);
  if (license === undefined)
    throw new Error(`${name} ${version}: its package.json names no licence`);
  const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice)\b/i.test(file));
  const texts = files.sort().map((file) => readFileSync(join(folder, file), "utf8"));
  const fallback = license === "MIT" ? mit(author ?? `the authors of ${name}`) : "";
  if (texts.length === 0 && fallback === "") {
    throw new Error(`${name} ${version}: it carries no text of its licence, ${license}`);
  }
  return { name: `${name} ${version}`, licence: license, text: texts.join("\n") || fallback };
}

/**
 * The licences of the runtime, which its npm package does not bring to every machine.
 *
 * @throws Error when there are none of this version
 */
export function readRuntimeLicence(checkout: string, version: string): string {
  const file = `systemd/packages/licences/node-${version}.txt`;
  if (existsSync(join(checkout, file))) return readFileSync(join(checkout, file), "utf8");
  throw new Error(`${file} is missing: put the file LICENSE of Node.js ${version} there`);
}

function mit(holder: string): string {
  return `Copyright (c) ${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`;
}
