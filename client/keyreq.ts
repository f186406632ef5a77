import { enableCompileCache } from "node:module";
import { join } from "node:path";

// What is made is this person's; what others may read is given its mode itself.
process.umask(0o077);

// Compiling takes half of a short command's time. Nobody else may write there: it is code.
const home = process.env["HOME"];
if (home?.startsWith("/") === true) enableCompileCache(join(home, ".cache/keysystem"));
const { main } = await import("./request/main.ts");

const exit = await main(process.argv.slice(2));
process.exitCode = exit;

// libkrb5 and name lookups cannot be called off, and Node would wait for them, half a minute where a
// KDC is silent. Does nothing when nothing is left to wait for.
setTimeout(() => {
  process.execve?.("/bin/sh", ["sh", "-c", 'exit "$1"', "sh", `${exit}`]);
}, 50).unref();
