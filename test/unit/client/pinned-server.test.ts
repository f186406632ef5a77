import { createPublicKey, hash } from "node:crypto";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { findPinnedServer } from "../../../client/connection/pinned-server.ts";
import { createTransport, splitServer } from "../../../client/connection/transport.ts";
import { probeTls } from "../../../client/service/probe-tls.ts";
import { formatKey, makeKey, requestFor } from "../../../client/credential/make-key.ts";
import { makeAuthority, type Leaf, type SmallAuthority } from "./small-authority.ts";

const now = (): number => Math.floor(performance.timeOrigin + performance.now());
const times = { notBefore: now() / 1000 - 300, notAfter: now() / 1000 + 86_400 };
const server: Leaf = { cn: "keyserver", ip: ["127.0.0.1"], usage: ["server"], ...whole(times) };

function whole({ notBefore, notAfter }: Pick<Leaf, "notBefore" | "notAfter">) {
  return { notBefore: Math.floor(notBefore), notAfter: Math.floor(notAfter) };
}

let nodes: SmallAuthority;
let other: SmallAuthority;
beforeAll(async () => {
  nodes = await makeAuthority("c nodes", Math.floor(now() / 1000));
  other = await makeAuthority("c nodes", Math.floor(now() / 1000));
});

const pinOf = ({ anchor }: SmallAuthority): Buffer =>
  hash("sha256", createPublicKey(anchor).export({ type: "spki", format: "der" }), "buffer");

/** Starts a server with this leaf; its chain ends in `shown`. Gives `host:port` and what was asked. */
async function serve(signer: SmallAuthority, leaf: Leaf, shown = signer) {
  const key = makeKey("ecdsa-p256");
  const cert = signer.sign(requestFor(key), leaf).certificate + shown.anchor;
  const asked: string[] = [];
  const listener = createServer({ key: formatKey(key), cert }, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end('{"status":"ok"}');
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    listener.close();
    listener.closeAllConnections();
  });
  const { port } = addressOf(listener.address());
  return { address: `127.0.0.1:${port}`, asked };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return address;
}

const meet = (address: string) => findPinnedServer({ servers: [address], pin: pinOf(nodes), now });

test("the pinned authority's server is met, with its anchor and its clock", async () => {
  const { address, asked } = await serve(nodes, server);
  const met = await meet(address);
  expect(met).toMatchObject({ server: address, anchor: nodes.anchor });
  expect(Math.abs(met.ahead ?? Infinity)).toBeLessThan(3000);
  expect(asked).toEqual(["GET /healthz"]);
});

test.for([
  {
    name: "of another authority",
    make: () => serve(other, server),
    says: /does not match the pin/,
  },
  {
    name: "of another authority that shows the pinned certificate",
    make: () => serve(other, server, nodes),
    says: /does not match the pin|did not sign its own/,
  },
  {
    name: "with a node's identity",
    make: () => serve(nodes, { ...server, usage: ["client"] }),
    says: /not for servers/,
  },
  {
    name: "for another address",
    make: () => serve(nodes, { ...server, ip: ["127.0.0.2"] }),
    says: /is another machine/,
  },
  {
    name: "for a name in place of the address",
    make: () => serve(nodes, { ...server, cn: "127.0.0.1", ip: [], dns: ["m1"] }),
    says: /is another machine/,
  },
])("a server $name is refused and asked nothing", async ({ make, says }) => {
  const { address, asked } = await make();
  await expect(meet(address)).rejects.toThrow(says);
  await expect(meet(address)).rejects.toMatchObject({ exit: 6 });
  expect(asked).toEqual([]);
});

test("a server whose certificate is out of its time is met, so that the clocks can be compared", async () => {
  const { address } = await serve(nodes, { ...server, notAfter: server.notBefore + 60 });
  expect((await meet(address)).server).toBe(address);
  const transport = createTransport({ servers: [address], anchors: [nodes.anchor], now });
  await expect(transport.call({ method: "GET", path: "/" })).rejects.toMatchObject({
    exit: 6,
    message: expect.stringContaining("has expired by this machine's clock"),
  });
});

test("the second server is asked when the first is not there, and nobody answering is exit 4", async () => {
  const { address } = await serve(nodes, server);
  const servers = ["127.0.0.1:1", address];
  expect((await findPinnedServer({ servers, pin: pinOf(nodes), now })).server).toBe(address);
  const transport = createTransport({ servers, anchors: [nodes.anchor], now });
  expect(await transport.call({ method: "GET", path: "/" })).toMatchObject({ server: address });
  transport.close();
  await expect(meet("127.0.0.1:1")).rejects.toMatchObject({ exit: 4 });
});

test.for([
  { name: "of another authority", make: () => serve(other, server) },
  { name: "with a node's identity", make: () => serve(nodes, { ...server, usage: ["client"] }) },
  { name: "for another address", make: () => serve(nodes, { ...server, ip: ["127.0.0.2"] }) },
])("later connections refuse a server $name", async ({ make }) => {
  const { address, asked } = await make();
  const transport = createTransport({ servers: [address], anchors: [nodes.anchor], now });
  await expect(transport.call({ method: "GET", path: "/" })).rejects.toMatchObject({ exit: 6 });
  expect(asked).toEqual([]);
});

test("a probe takes what is served, whatever it is, and tells silence from a broken service", async () => {
  const { address } = await serve(other, { ...server, ip: [] });
  expect(await probeTls(address)).toMatchObject({ state: "served" });
  expect(await probeTls("127.0.0.1:1")).toMatchObject({ state: "silent" });
});

test.for([
  { text: "m1", want: { host: "m1", port: 20557 } },
  { text: "m1:1", want: { host: "m1", port: 1 } },
  { text: "[::1]:443", want: { host: "::1", port: 443 } },
  { text: "[::1]", want: { host: "::1", port: 20557 } },
])("the server $text", ({ text, want }) => {
  expect(splitServer(text)).toEqual(want);
});
