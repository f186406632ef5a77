import { createServer } from "node:http";
import { pino } from "pino";
import { expect, test } from "vitest";
import { KeysystemError } from "../../../protocol/problems.ts";
import { rememberProof } from "../../../server/authenticate/mutual.ts";
import { type App, createApp } from "../../../server/routes/app.ts";

const SCHEMES = ["Negotiate", 'Basic realm="keysystem", charset="UTF-8"'];

/** An app whose paths prove the server, or do not, and answer in every way. */
async function startApp(schemes: readonly string[]): Promise<App> {
  const log = pino({ level: "silent" });
  const app = await createApp({ log, schemes, createServer: (handler) => createServer(handler) });
  app.get("/proven", (request) => {
    rememberProof(request, "cHJvb2Y=");
    return { ok: true };
  });
  app.get("/proven-and-refused", (request) => {
    rememberProof(request, "cHJvb2Y=");
    throw new KeysystemError("auth.forbidden", "no");
  });
  app.get("/proven-and-broken", (request) => {
    rememberProof(request, "cHJvb2Y=");
    throw new TypeError("an error of ours");
  });
  app.get("/stranger", () => {
    throw new KeysystemError("auth.required", "who are you");
  });
  app.get("/forbidden", () => {
    throw new KeysystemError("auth.forbidden", "no");
  });
  app.get("/open", () => ({ ok: true }));
  return app;
}

const headerOf = async (app: App, url: string): Promise<unknown> =>
  (await app.inject({ url })).headers["www-authenticate"];

test("the server's proof goes with every answer to the request that asked for it", async () => {
  await using app = await startApp(SCHEMES);
  for (const url of ["/proven", "/proven-and-refused", "/proven-and-broken"])
    expect(await headerOf(app, url), url).toBe("Negotiate cHJvb2Y=");
});

test("a request without proof never gets that of another", async () => {
  await using app = await startApp(SCHEMES);
  await headerOf(app, "/proven");
  expect(await headerOf(app, "/open")).toBeUndefined();
  expect(await headerOf(app, "/forbidden")).toBeUndefined();
  expect(await headerOf(app, "/nothing")).toBeUndefined();
});

test("who has no identity is told of the schemes that are taken, and of no other", async () => {
  await using app = await startApp(SCHEMES);
  expect(await headerOf(app, "/stranger")).toBe(SCHEMES.join(", "));
  await using silent = await startApp([]);
  expect(await headerOf(silent, "/stranger")).toBeUndefined();
});
