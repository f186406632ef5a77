import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { relayLog } from "../../../server/daemon/signer-log.ts";

const INFO = 30;
const ERROR = 50;

async function relay(least: number, ...lines: readonly string[]) {
  const from = new PassThrough();
  const to = new PassThrough();
  const log = relayLog(from, to, least);
  from.end(`${lines.join("\n")}\n`);
  const end = await log.end();
  to.end();
  return {
    end,
    passed: String(to.read() ?? "")
      .split("\n")
      .slice(0, -1),
  };
}

const ready = '{"level":30,"msg":"ready"}';
const failed = '{"level":50,"msg":"operation failed"}';
const fatal = '{"level":60,"code":"configuration.invalid","error":"no names","msg":"x"}';

test("what is below the level of our own log is not passed on", async () => {
  expect(await relay(ERROR, ready, failed)).toEqual({ end: undefined, passed: [failed] });
  expect(await relay(INFO, ready, failed)).toEqual({ end: undefined, passed: [ready, failed] });
});

test("what is no line of a log is passed on at every level", async () => {
  for (const line of ["Segmentation fault", "{", "null", '{"msg":"no level"}']) {
    expect((await relay(ERROR, line)).passed).toEqual([line]);
  }
});

test("why it cannot run is kept and not passed on", async () => {
  const { end, passed } = await relay(INFO, ready, fatal);
  expect(end).toMatchObject({ code: "configuration.invalid", error: "no names" });
  expect(passed).toEqual([ready]);
});
