"use strict";

const API = "/lab/api/";
const EMULATOR = API + "emulator";
const SHOWN = 30;

async function ask(path, method = "GET", body = undefined) {
  const options = method === "GET" ? {} : { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body ?? {}) };
  const response = await fetch(path, { ...options, cache: "no-store" });
  return { ok: response.ok, value: await response.json() };
}

// Persian digits are typed as often as others.
function plainDigits(value) {
  return String(value).replace(/[۰-۹]/g, (digit) => "۰۱۲۳۴۵۶۷۸۹".indexOf(digit)).trim();
}

function stored(name, otherwise) {
  try { return JSON.parse(localStorage.getItem("lab-" + name)) ?? otherwise; } catch { return otherwise; }
}

function store(name, value) {
  try { localStorage.setItem("lab-" + name, JSON.stringify(value)); } catch { /* the page works without it */ }
}

document.addEventListener("alpine:init", () => {
  window.Alpine.data("lab", () => ({
    language: "en", theme: "light", forms: [], operation: "", values: {}, isReal: false, isEmulated: false, settings: {},
    tab: "python", prepared: null, notReady: "", busy: false, made: null, problem: "", copied: false, waiting: null,
    calculator: { text: "", receivers: "1" }, prices: { persian: "", latin: "", vat: "" }, counted: null,
    ledger: [], anchor: "", balance: null, inbox: [], inbound: { sender: "09121112233", message: "" }, faults: [], fault: "", calls: [],
    latestPrepare: 0, latestCount: 0, startedRefreshes: 0, shownRefresh: 0, prepareTimer: 0, countTimer: 0,

    async init() {
      const wanted = new URLSearchParams(location.search);
      const browser = navigator.language.startsWith("fa") ? "fa" : "en";
      this.setLanguage(wanted.get("lang") || stored("language", browser));
      const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      this.setTheme(wanted.get("theme") || stored("theme", dark));
      this.prices = { ...this.prices, ...stored("prices", {}) };
      const found = await this.get(API + "description");
      if (!found) return;
      this.settings = found;
      this.forms = found.forms;
      this.isReal = found.is_real;
      this.isEmulated = !found.is_real;
      this.choose(found.forms[0].operation);
      this.calculate("text", "سلام، سفارش شما آماده است.");
      await this.refresh();
      setInterval(() => { if (!document.hidden) this.refresh(); }, 1500);
      document.documentElement.dataset.ready = "yes";
    },

    // Texts
    t(name, values = {}) {
      const text = (window.LAB_TEXTS[this.language] || {})[name] ?? name;
      return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
    },
    number(value) { return value === null || value === undefined ? "-" : value.toLocaleString(this.language === "fa" ? "fa-IR" : "en-US"); },
    title(form) { return (this.language === "fa" && window.LAB_OPERATIONS_FA[form.operation]) || form.summary; },
    label(field) { return window.LAB_FIELDS[this.language][field.name] ?? field.name; },
    choice(option) { return window.LAB_CHOICES[this.language][option] ?? option; },
    parts(count) { return this.t(count === 1 ? "part" : "parts", { n: this.number(count) }); },
    otherLanguage() { return this.language === "fa" ? "en" : "fa"; },
    setLanguage(language) {
      this.language = language === "fa" ? "fa" : "en";
      document.documentElement.lang = this.language;
      document.documentElement.dir = this.language === "fa" ? "rtl" : "ltr";
      document.title = this.t("title");
    },
    switchLanguage() { this.setLanguage(this.otherLanguage()); store("language", this.language); this.prepareSoon(0); this.countSoon(0); },
    setTheme(theme) { this.theme = theme === "dark" ? "dark" : "light"; document.documentElement.dataset.theme = this.theme; },
    switchTheme() { this.setTheme(this.theme === "dark" ? "light" : "dark"); store("theme", this.theme); },

    // Requests to the lab
    async get(path) { return this.call(path, "GET"); },
    async call(path, method, body) {
      try {
        const { ok, value } = await ask(path, method, body);
        this.problem = ok ? "" : this.t("refused", { message: value.message, hint: value.hint });
        return ok ? value : null;
      } catch {
        this.problem = this.t("offline");
        return null;
      }
    },

    // The form
    form() { return this.forms.find((form) => form.operation === this.operation) ?? { fields: [], replay: "read", method: "", path: "", description: "" }; },
    endpoint() { return this.form().method + " " + this.form().path; },
    isSend() { return this.form().replay === "send"; },
    notes() { return this.language === "en" ? this.form().description.replace(/[*`]/g, "") : ""; },
    fields() { return this.form().fields.filter((field) => !field.only_for || field.only_for === this.values.which); },
    isLong(field) { return field.kind === "area" || field.kind === "lines"; },
    isShort(field) { return field.kind === "text" || field.kind === "number" || field.kind === "day"; },
    direction(field) { return ["message", "note", "search"].includes(field.name) ? "auto" : "ltr"; },
    value(field) { return this.values[field.name] ?? ""; },
    set(field, value) { this.values[field.name] = value; this.prepareSoon(250); },
    choose(operation) {
      this.operation = operation;
      this.made = null;
      const values = {};
      for (const field of this.form().fields) values[field.name] = field.required || field.name === "message" ? field.example : "";
      const received = this.inbox.length ? this.inbox[0].id : "";
      if ("id" in values) values.id = operation === "receives_get" ? received || values.id : (this.ledger.find((one) => one.kind !== "voice") ?? { id: values.id }).id;
      if ("receive_ids" in values) values.receive_ids = received || values.receive_ids;
      if ("username" in values) values.username = this.settings.username ?? "";
      for (const line of ["sender", "from"]) if (values[line]) values[line] = this.settings.sender ?? "";
      if (operation === "otp_send" && this.isReal) values.otp_pattern_id = "";
      if (this.isReal) for (const name of ["receiver", "to"]) if (name in values) values[name] = "";
      this.values = values;
      this.prepareSoon(0);
    },
    priceList() {
      const list = { language: this.language };
      for (const [name, value] of Object.entries(this.prices)) {
        if (String(value).trim()) list[name] = String(value).trim();
      }
      return list;
    },
    prepareSoon(delay) { clearTimeout(this.prepareTimer); this.prepareTimer = setTimeout(() => this.prepare(), delay); },
    async prepare() {
      const turn = ++this.latestPrepare;
      const fields = {};
      for (const field of this.fields()) fields[field.name] = this.values[field.name] ?? "";
      const found = await this.call(API + "prepare", "POST", { operation: this.operation, fields, prices: this.priceList() });
      if (turn !== this.latestPrepare || !found) return null;
      this.prepared = found;
      this.notReady = found.error ? found.error.text : "";
      return found;
    },
    show(tab) { this.tab = tab; },
    shown() { return this.prepared ? this.prepared[this.tab] : ""; },
    async copy() {
      try { await navigator.clipboard.writeText(this.shown()); } catch { return; }
      this.copied = true;
      setTimeout(() => { this.copied = false; }, 1500);
    },
    costText() {
      const cost = this.prepared && this.prepared.cost;
      if (!cost) return "";
      if (cost.parts === null) return this.t("costOfCode");
      const facts = { messages: this.number(cost.messages), parts: this.parts(cost.parts), money: cost.money.join(" = ") };
      return this.t(cost.money.length ? "costLine" : "costUnknown", facts);
    },

    // Calls: the server makes each prepared call once, so that nothing is sent twice
    async tryCall() {
      if (this.busy) return;
      this.busy = true;
      clearTimeout(this.prepareTimer);
      const found = await this.prepare();
      if (!found) { this.busy = false; return; }
      if (found.error) { this.made = { error: found.error, answer: null, result: null, attempts: [], milliseconds: 0 }; this.busy = false; return; }
      if (this.isReal && this.isSend()) {
        this.waiting = found.number;
        this.$refs.confirm.showModal();
        return;
      }
      await this.make(found.number);
    },
    cancel() { this.$refs.confirm.close(); },
    confirmed() {
      const number = this.waiting;
      this.waiting = null;
      this.$refs.confirm.close();
      if (number) this.make(number);
    },
    closed() { if (this.waiting) { this.waiting = null; this.busy = false; } },
    async make(number) {
      const found = await this.call(API + "run", "POST", { number });
      this.busy = false;
      if (found) this.made = found.made;
      await this.refresh();
    },
    statusText() { return this.made.answer ? this.t("status", { status: this.made.answer.status }) : this.t("noStatus"); },
    timing() {
      const ms = this.number(this.made.milliseconds);
      return this.made.attempts.length > 1 ? this.t("attempts", { ms, n: this.number(this.made.attempts.length) }) : this.t("time", { ms });
    },
    attemptText(attempt) { return this.t("attempt", { n: this.number(attempt.number), what: attempt.status ?? attempt.failure, ms: this.number(attempt.milliseconds) }); },
    sendStatus() { const status = this.made.error.send_status; return this.t(status === "accepted" ? "send_accepted" : status ?? ""); },
    bodyText() { return this.made.answer ? this.made.answer.body + (this.made.answer.cut ? "\n" + this.t("cut") : "") : ""; },

    // The calculator
    calculate(name, value) { this.calculator[name] = value; this.countSoon(200); },
    price(name, value) { this.prices[name] = value; store("prices", this.prices); this.countSoon(200); this.prepareSoon(250); },
    countSoon(delay) { clearTimeout(this.countTimer); this.countTimer = setTimeout(() => this.count(), delay); },
    async count() {
      const turn = ++this.latestCount;
      const receivers = Math.max(1, parseInt(plainDigits(this.calculator.receivers), 10) || 1);
      const found = await this.call(API + "calculate", "POST", { text: this.calculator.text, receivers, prices: this.priceList() });
      if (turn === this.latestCount && found) this.counted = found;
    },
    numberedParts() { return this.counted.parts.map((text, place) => ({ text, number: this.number(place + 1) })); },
    partsText() { return this.t("partsLine", { parts: this.parts(this.counted.parts.length), encoding: this.counted.encoding, units: this.number(this.counted.units), limit: this.number(this.counted.unit_limit), left: this.number(this.counted.remaining) }); },
    moneyText() { return this.counted.money.join(" = "); },
    forcedText() { return this.t("forced", { characters: this.counted.forced.join(" ") }); },
    cheaperText() {
      const cheaper = this.counted.cheaper;
      const saved = cheaper.saved ? this.t("saved", { money: this.number(cheaper.saved) }) : "";
      return this.t("cheaper", { parts: this.parts(cheaper.parts), encoding: cheaper.encoding, rules: cheaper.rules.join(", ") }) + saved;
    },
    useCheaper() { this.calculate("text", this.counted.cheaper.text); },

    // The emulator, and the calls made
    async refresh() {
      const turn = ++this.startedRefreshes;
      const calls = await this.get(API + "calls");
      if (turn < this.shownRefresh) return;
      if (calls) this.calls = calls.calls.slice(0, SHOWN);
      if (!this.isEmulated || !calls) return;
      const after = this.anchor ? "&after=" + encodeURIComponent(this.anchor) : "";
      const [ledger, balance, inbox, faults] = await Promise.all([
        this.get(EMULATOR + "/ledger?limit=1000" + after), this.get(EMULATOR + "/balance"), this.get(EMULATOR + "/inbox"), this.get(EMULATOR + "/faults"),
      ]);
      if (turn < this.shownRefresh) return;
      this.shownRefresh = turn;
      if (ledger) {
        const messages = ledger.messages;
        if (messages.length > SHOWN) this.anchor = messages[messages.length - SHOWN - 1].id;
        this.ledger = messages.slice(-SHOWN).reverse();
      }
      if (balance) this.balance = balance.balance;
      if (inbox) this.inbox = inbox.messages.slice(-SHOWN).reverse();
      if (faults) this.faults = faults.faults;
    },
    balanceText() { return this.t("balance", { money: this.number(this.balance) }); },
    async change(path, method, body) { const found = await this.call(EMULATOR + path, method, body); await this.refresh(); return found; },
    deliver(one, status) { return this.change("/deliveries", "PUT", { receiver: one.receiver, status }); },
    reset() { this.anchor = ""; return this.change("/reset", "POST"); },
    typeInbound(name, value) { this.inbound[name] = value; },
    async addInbound() { if (await this.change("/inbox", "POST", this.inbound)) this.inbound.message = ""; },
    typeFault(value) { this.fault = value; },
    async addFault() { if (await this.change("/faults", "POST", { rules: [this.fault] })) this.fault = ""; },
    removeFault(one) { return this.change("/faults/" + one.id, "DELETE"); },
    faultText(one) { return one.remaining === null ? one.rule : this.t("faultLeft", { rule: one.rule, n: one.remaining }); },
    callTime(one) { return one.at.slice(11, 19); },
    callTitle(one) { return this.title(this.forms.find((form) => form.operation === one.operation) ?? { summary: one.operation }); },
    callClass(one) { return !one.made ? "" : one.made.error ? "bad" : "good"; },
    callOutcome(one) {
      if (!one.made) return this.t("underWay");
      return one.made.error ? one.made.error.type.split(".").pop() : this.t("accepted");
    },
  }));
});
