import { findIdle } from "./agent/idle.ts";
import { pathsUnder } from "./agent/paths.ts";

const args = process.argv.slice(2);

/** `--root DIR` of a plain `once`; undefined for every other command line, which commander reads. */
function plainOnce(words: readonly string[]): string | undefined {
  let root = "/";
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === "--root") root = words[(at += 1)] ?? "";
    else if (word !== "once" && word !== "--quiet") return undefined;
  }
  return words.includes("once") && root.startsWith("/") ? root : undefined;
}

const root = plainOnce(args);
const idle = root === undefined ? undefined : findIdle(pathsUnder(root), Date.now());
if (idle === undefined) {
  // Loaded only now: a tick with nothing due must cost next to nothing.
  const { main } = await import("./main.ts");
  process.exitCode = await main(args);
} else {
  if (!args.includes("--quiet")) {
    const why = idle.exit === 0 ? "" : "; what the last run could not do:  keyclient status";
    process.stdout.write(`nothing is due before ${idle.wake}${why}\n`);
  }
  process.exitCode = idle.exit;
}
