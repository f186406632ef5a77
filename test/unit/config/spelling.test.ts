import { expect, test } from "vitest";
import { nearestSpelling } from "../../../protocol/spelling.ts";

const WORDS = ["listen", "advertise", "log", "tls"];

test.for([
  ["listn", "listen"],
  ["lisetn", "listen"],
  ["tsl", "tls"],
  ["advertize", "advertise"],
  ["lgo", "log"],
] as const)("%s was meant to be %s", ([text, want]) => {
  expect(nearestSpelling(text, WORDS)).toBe(want);
});

test.for(["", "x", "port", "listening-address", "nothing", "x".repeat(1e6)])(
  "%.20s is near nothing",
  (text) => {
    expect(nearestSpelling(text, WORDS)).toBeUndefined();
  },
);
