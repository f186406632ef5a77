import { expect, test } from "vitest";
import { errorOf } from "../../../client/connection/keyserver.ts";
import { problemOf } from "../../../protocol/problems.ts";

test("what a server says cannot steer the terminal of root", () => {
  const { code, message } = errorOf(problemOf("policy.never", "no \u001B[2Jreason\r\n\u202E"));
  expect([code, message]).toEqual(["policy.never", "no ?[2Jreason???"]);
});

test("what a server says is not as long as it likes", () => {
  expect(errorOf(problemOf("internal", "x".repeat(1e6))).message.length).toBe(2000);
});
