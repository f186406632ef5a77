import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createOperations, type OperationsParts } from "../../../keys/signer/operations.ts";
import { createSerialMemory } from "../../../keys/signer/serial-memory.ts";
import { createServerProfile } from "../../../keys/signer/server-profile.ts";
import { createSignerCore } from "../../../keys/signer/signer-core.ts";
import { openSignRecord, type SignRecord } from "../../../keys/signer/sign-record.ts";
import { makeKey } from "./key-fixtures.ts";
import { makeCluster, NOW, tlsClaim } from "./policy-fixtures.ts";

const { policy, authorities, remove } = await makeCluster();
const folder = mkdtempSync(join(tmpdir(), "record-"));
afterAll(() => {
  remove();
  rmSync(folder, { recursive: true });
});

const core = createSignerCore({ policy, policyHash: "h", authorities, now: () => NOW });
const claim = () => tlsClaim("m1", "kubelet", makeKey("ecdsa-p256"));
const partsWith = (record: SignRecord, said: string[] = []): OperationsParts => ({
  authorities,
  cores: { current: () => core, find: () => core, reload: () => undefined },
  record,
  server: createServerProfile(["a"]),
  log: { info: () => undefined, error: (_, message) => said.push(message) },
});

describe("the sign record", () => {
  test("has a line for each certificate, before it leaves", () => {
    const path = join(folder, "signed.log");
    const record = openSignRecord(path);
    const answer = createOperations(partsWith(record));
    const batch = [claim(), tlsClaim("w1", "etcd-server", makeKey("ecdsa-p256")), claim()];
    const reply = answer({ id: 1, op: "sign", policy: "h", batch });
    expect(reply).toMatchObject({
      results: [
        { notBefore: NOW - 300 },
        { refused: "policy.not_granted" },
        { notBefore: NOW - 300 },
      ],
    });
    record.close();
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const serials: unknown[] = lines.map((line) => JSON.parse(line));
    expect(serials).toMatchObject([{ serial: batch[0]?.serial }, { serial: batch[2]?.serial }]);
  });

  test("that cannot be written lets nothing leave", () => {
    const said: string[] = [];
    const full: SignRecord = {
      append() {
        throw new Error("ENOSPC: no space left on device");
      },
      close: () => undefined,
    };
    const answer = createOperations(partsWith(full, said));
    const reply = answer({ id: 1, op: "sign", policy: "h", batch: [claim()] });
    expect(reply).toEqual({ id: 1, error: "ENOSPC: no space left on device" });
    expect(JSON.stringify(reply)).not.toContain("certificate");
    expect(said).toEqual(["operation failed"]);
    expect(answer({ id: 2, op: "status" })).toMatchObject({ signed: 0 });
  });

  test("on a full device throws", () => {
    const record = openSignRecord("/dev/full");
    const outcome = core.sign(claim());
    if ("refused" in outcome) throw new Error(outcome.detail);
    const entry = {
      at: NOW,
      serial: "1",
      subject: { kind: "keyserver" },
      policy: "h",
      issued: outcome,
    } as const;
    expect(() => record.append([entry])).toThrow("ENOSPC");
  });
});

test("serials are remembered for as long as they are promised, and not for ever", () => {
  const memory = createSerialMemory(3);
  const added = ["a", "b", "c", "a", "d", "e", "a", "c", "f", "g", "d", "a"].map((serial) =>
    memory.add(serial),
  );
  expect(added).toEqual([
    true,
    true,
    true,
    false,
    true,
    true,
    false,
    false,
    true,
    true,
    false,
    true,
  ]);
});
