import type { DirectoryState } from "../../../protocol/messages.ts";
import { formatDuration } from "../../terminal/duration.ts";
import type { Output } from "../../terminal/output.ts";

/** A line for each directory that was asked about the person. */
export function sayDirectories(
  output: Output,
  directories: readonly DirectoryState[],
  { indent = " " }: { readonly indent?: string } = {},
): void {
  for (const state of directories) {
    const isSilent = state.state === "unreachable";
    const text = describeState(state);
    output.say(
      `${indent}${state.directory.padEnd(11)} ${isSilent ? output.paint("yellow", text) : text}`,
    );
  }
}

function describeState({ state, age, groups = [], detail }: DirectoryState): string {
  const ago = age === undefined ? "" : `, ${formatDuration(age)} ago`;
  const found = groups.length === 0 ? "in no group that the policy names" : groups.join(", ");
  switch (state) {
    case "answered":
      return `${found}  (answered${ago})`;
    case "kept":
      return `${found}  (does not answer now; its last word${ago} counts still)`;
    case "absent":
      return "knows nobody of this name";
    case "unreachable":
      return `no answer: ${detail ?? "it is silent"}${age === undefined ? "" : `; last heard${ago}`}`;
    case "not configured":
      return "is not connected to this keyserver";
  }
}
