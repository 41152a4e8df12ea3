// Tests of a shop in Node against a running emulator: node --test orders.test.mjs
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const url = process.env.WIKIPAYAM_SMS_API_BASE_URL ?? "http://127.0.0.1:8026";
const token = process.env.SMS_AUTH_TOKEN ?? "emulator-token";
const controlToken = process.env.WIKIPAYAM_EMULATOR_CONTROL_TOKEN;

// The code under test: it tells a customer that an order is ready. It must not send again when it cannot know.
async function tellCustomer(order) {
  let response;
  try {
    response = await fetch(`${url}/api/v1/sms/send`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify([
        { sender: "10002000", receiver: order.mobile, message: `Order ${order.id} is ready`, track_id: order.id },
      ]),
    });
  } catch {
    return "unknown";
  }
  if (response.status >= 500) return "unknown";
  return response.ok ? "sent" : "refused";
}

// The control API of the emulator.
async function control(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  if (controlToken) headers.Authorization = `Bearer ${controlToken}`;
  const response = await fetch(`${url}/_emulator${path}`, { method, headers, body: JSON.stringify(body) });
  const answer = await response.json();
  assert.ok(response.ok, `${answer.message} ${answer.hint}`);
  return answer;
}

beforeEach(() => control("POST", "/reset"));

test("a customer is told once", async () => {
  assert.equal(await tellCustomer({ id: "A-1", mobile: "09123456789" }), "sent");
  const { messages, total } = await control("GET", "/ledger?receiver=09123456789");
  assert.equal(total, 1);
  assert.equal(messages[0].message, "Order A-1 is ready");
});

test("a message whose response is lost is not sent again", async () => {
  await control("POST", "/faults", { rules: ["502:after@once@/sms/send"] });
  assert.equal(await tellCustomer({ id: "A-2", mobile: "09123456789" }), "unknown");
  assert.equal((await control("GET", "/ledger?track_id=A-2")).total, 1);
});

test("a message that the network does not deliver is found", async () => {
  await control("PUT", "/deliveries", { receiver: "09123456789", status: "UNDELIVERED", after: 60 });
  await tellCustomer({ id: "A-3", mobile: "09123456789" });
  await control("POST", "/clock", { advance: 60 });
  assert.equal((await control("GET", "/deliveries?status=UNDELIVERED")).total, 1);
});

test("an empty account is noticed", async () => {
  await control("PUT", "/balance", { balance: 0 });
  assert.equal(await tellCustomer({ id: "A-4", mobile: "09123456789" }), "refused");
});

test("a reply is received", async () => {
  await control("POST", "/inbox", { sender: "989123456789", message: "لغو" });
  const response = await fetch(`${url}/api/v1/receives/unread`, { headers: { Authorization: `Bearer ${token}` } });
  const { data } = await response.json();
  assert.deepEqual(data.receives.map((one) => one.message), ["لغو"]);
});
