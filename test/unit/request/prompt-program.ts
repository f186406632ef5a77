import { createTerminal } from "../../../client/request/terminal-prompt.ts";
import { Failure } from "../../../client/terminal/failure.ts";

// A program of terminal-prompt.test.ts: node prompt-program.ts ask|askSecret.
const terminal = createTerminal();
const asking =
  process.argv[2] === "askSecret" ? terminal.askSecret("who? ") : terminal.ask("who? ");
setTimeout(() => process.stdout.write("ready\n"), 50);
try {
  process.stdout.write(`answer: ${JSON.stringify(await asking)}\n`);
} catch (error) {
  process.stdout.write(`exit: ${error instanceof Failure ? error.exit : "?"}\n`);
}
