// The host of the `deno` backend: reads one question a line, keeps one worker for each isolate and
// answers in lines. `INSIDE` (what runs in the worker) and `MODULES` stand before this text.
// Nothing has a permission, neither this nor the workers. All threads share one standard output,
// so a worker loses every way to it (and the rest of what Deno lends) before a user's code comes.
"use strict";

const WORKER = `
const KEEP = ["console", "setTimeout", "clearTimeout", "setInterval", "clearInterval",
  "queueMicrotask", "structuredClone", "TextEncoder", "TextDecoder", "URL", "URLSearchParams",
  "atob", "btoa"];
const post = globalThis.postMessage.bind(globalThis);
const listen = globalThis.addEventListener.bind(globalThis);
const { memoryUsage, connect, writeTextFile } = Deno;
const own = Function.prototype.call.bind(Object.prototype.hasOwnProperty);
const slice = Function.prototype.call.bind(String.prototype.slice);
const encode = TextEncoder.prototype.encodeInto.bind(new TextEncoder());
const scratch = new Uint8Array(3 << 14);
let left = 0;
let dropped = 0;
const language = new Set(LANGUAGE_OF_THE_ENGINE);
for (const name of Object.getOwnPropertyNames(globalThis)) {
  if (!language.has(name) && !KEEP.includes(name)) delete globalThis[name];
}
const length = (text) => {
  let bytes = 0;
  for (let at = 0; at < text.length; at += 1 << 14) {
    bytes += encode(slice(text, at, at + (1 << 14)), scratch).written;
  }
  return bytes;
};
const run = (INSIDE_OF_THE_ISOLATE)({
  modules: MODULES_OF_DENO,
  ready: () => post({ ready: true }),
  output: (stream, text) => {
    const bytes = length(text);
    if (bytes > left) {
      dropped += bytes;
      return;
    }
    left -= bytes;
    post({ output: stream, text });
  },
  connect: () => connect({ hostname: "127.0.0.1", port: 9 }).catch((error) => {
    if (error.name === "NotCapable") throw error;
  }),
  write: (place) => writeTextFile(place + "/isomon-look", "").catch((error) => {
    if (error.name === "NotCapable") throw error;
  }),
});
listen("message", async ({ data }) => {
  if (data.over) return post({ over: true });
  left = data.bytes;
  dropped = 0;
  try {
    const value = await run(data.nonce, data.code, data.input);
    const { heapTotal, external } = memoryUsage();
    post({ done: value, dropped, bytes: heapTotal + external });
  } catch (error) {
    let message = "an error that cannot be shown";
    try {
      message = slice(String(error), 0, 4096);
    } catch {}
    post({ failed: message, dropped });
  }
});
post({ hello: true });
`;

const encoder = new TextEncoder();
const tell = (event, rest) => {
  let bytes = encoder.encode(JSON.stringify({ event, ...rest }) + "\n");
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
};

// What an engine without a host knows: the globals of a fresh context.
const language = process.getBuiltinModule("vm").runInNewContext(
  "Object.getOwnPropertyNames(globalThis).join()",
);
const modules = process.getBuiltinModule("module").builtinModules.map((name) =>
  name.startsWith("node:") ? name : `node:${name}`
);
const source = WORKER
  .replace("LANGUAGE_OF_THE_ENGINE", () => JSON.stringify(language.split(",")))
  .replace("MODULES_OF_DENO", () => JSON.stringify(modules))
  .replace("INSIDE_OF_THE_ISOLATE", () => INSIDE);
const place = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));

const isolates = new Map();

// Deno's `terminate` does not reach code that never returns (seen in 2.9.8): such a worker goes on
// until the process ends. So a host that had to stop one ends when the first is taken away, which is
// after every run of its call, and instead of an answer: nobody takes it for one that stays.
let worn = false;
// Time a worker has to answer when its user's code is over: what that left behind may spin for ever.
const FAREWELL_MS = 200;

// The run of an isolate is over: nothing it says any more counts.
const end = (isolate) => {
  clearTimeout(isolate.timer);
  isolate.run = null;
};
const fail = (isolate, kind, message, dropped_bytes) => {
  end(isolate);
  tell("failed", { id: isolate.id, kind, message, status: null, dropped_bytes });
};
// What a worker says, if it is what our part in it says: a user's code may have changed the engine's
// own promises under it.
const LONGEST = 1 << 20;
const count = (number) => (Number.isSafeInteger(number) && number >= 0 ? number : 0);
const isText = (text, longest) => typeof text === "string" && text.length <= longest;
const hear = (isolate, said) => {
  const { id, run } = isolate;
  if (said.hello) {
    isolate.alive = true;
    return tell("created", { id });
  }
  if (said.over) return forget(isolate);
  if (run === null) return;
  if (said.ready && !run.ready) {
    run.ready = true;
    tell("ready", { id, nonce: run.nonce });
  } else if (said.output === "output" || said.output === "error") {
    if (!isText(said.text, run.left)) return;
    run.left -= said.text.length;
    tell("output", { id, stream: said.output, text: said.text });
  } else if (said.done !== undefined) {
    if (!isText(said.done, LONGEST)) {
      return fail(isolate, "error", "its result is no text of at most 1 MiB", count(said.dropped));
    }
    end(isolate);
    isolate.bytes = count(said.bytes);
    tell("done", { id, value: said.done, dropped_bytes: count(said.dropped) });
  } else if (said.failed !== undefined) {
    const message = isText(said.failed, 4096) ? said.failed : "an error that cannot be shown";
    fail(isolate, "error", message, count(said.dropped));
  }
};
const forget = ({ id, worker, timer }) => {
  clearTimeout(timer);
  worker.terminate();
  isolates.delete(id);
  tell("disposed", { id });
};
const create = ({ id }) => {
  const worker = new Worker(place, { type: "module", deno: { permissions: "none" } });
  const isolate = { id, worker, run: null, timer: 0, alive: false, users: false, bytes: 0 };
  isolates.set(id, isolate);
  worker.onmessage = ({ data }) => hear(isolate, data);
  worker.onerror = (event) => {
    event.preventDefault();
    isolate.users = false;
    if (isolate.run !== null) fail(isolate, "error", event.message.slice(0, 4096), 0);
    else if (!isolate.alive) fail(isolate, "create", event.message.slice(0, 4096), 0);
  };
};
const start = ({ id, nonce, code, input, deadline_ms, output_bytes }) => {
  const isolate = isolates.get(id);
  if (!isolate) {
    const message = "no such isolate";
    return tell("failed", { id, kind: "create", message, status: null, dropped_bytes: 0 });
  }
  isolate.users = code.js !== undefined;
  isolate.run = { nonce, left: output_bytes, ready: false };
  const late = () => {
    worn = true;
    fail(isolate, "deadline", `no result within ${deadline_ms} ms`, 0);
  };
  isolate.timer = setTimeout(late, deadline_ms);
  isolate.worker.postMessage({
    nonce,
    code: JSON.stringify(code),
    input: JSON.stringify(input ?? null),
    bytes: output_bytes,
  });
};
const dispose = ({ id }) => {
  if (worn) Deno.exit(0);
  const isolate = isolates.get(id);
  if (!isolate) return tell("disposed", { id });
  end(isolate);
  if (!isolate.users) return forget(isolate);
  isolate.timer = setTimeout(() => Deno.exit(0), FAREWELL_MS);
  isolate.worker.postMessage({ over: true });
};
// As it was when its code ended: what the code left behind may hold a worker for ever.
const remember = ({ id }) => tell("memory", { id, used_bytes: isolates.get(id)?.bytes ?? 0 });
const OPS = { create, run: start, memory: remember, dispose };

tell("hello", { engine: `V8 ${Deno.version.v8.split("-")[0]}`, host: `deno ${Deno.version.deno} worker` });
let rest = "";
for await (const piece of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + piece).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    const ask = JSON.parse(line);
    OPS[ask.op]?.(ask);
  }
}
Deno.exit(0);
