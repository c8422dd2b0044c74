// The inside of every JavaScript isolate, the same under each host: the kernels, the console and
// the way in to a user's code. It is one expression: a function of what the host lends. What it
// needs of the language it takes hold of now, before anybody's code can change it.
(function inside(lend) {
  "use strict";
  // The names that belong to the language itself; whatever else is global was lent by a host.
  const LANGUAGE = new Set(
    ("AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array " +
      "BigUint64Array Boolean DataView Date DisposableStack Error EvalError FinalizationRegistry " +
      "Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array " +
      "Intl Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError " +
      "Reflect RegExp Set SharedArrayBuffer String SuppressedError Symbol SyntaxError Temporal " +
      "TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef " +
      "WeakSet WebAssembly decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval " +
      "globalThis input isFinite isNaN parseFloat parseInt undefined unescape").split(" "),
  );
  const FIRST = "__isomon_first";
  const LAST = "__isomon_last";
  const PAGE = 4096;
  const RESULT = 1 << 20;
  const { stringify, parse } = JSON;
  const { defineProperty, getOwnPropertyNames } = Object;
  const wide = BigInt;
  const narrow = Number;
  const text = String;
  const fit = BigInt.asUintN;
  const perform = globalThis.eval;

  // The finaliser of SplitMix64: spreads a nonce over 64 bits.
  const mix = (value) => {
    value = fit(64, value + 0x9e3779b97f4a7c15n);
    value = fit(64, (value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n);
    value = fit(64, (value ^ (value >> 27n)) * 0x94d049bb133111ebn);
    return value ^ (value >> 31n);
  };
  const fold = (sum, value) => fit(64, (fit(64, sum << 1n) | (sum >> 63n)) + value);

  // Rounds of Marsaglia's 32-bit xorshift (13, 17, 5), in nothing but 32-bit integers.
  const spin = (state, rounds) => {
    state |= 0;
    for (let round = 0; round < rounds; round++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    return state >>> 0;
  };

  // Writes a word into every page, then reads them all back.
  const touch = (mib, nonce) => {
    const words = new BigUint64Array((mib * 1048576) / 8);
    const step = PAGE / 8;
    for (let at = 0; at < words.length; at += step) words[at] = mix(nonce ^ wide(at / step));
    let sum = 0n;
    for (let at = 0; at < words.length; at += step) sum = fold(sum, words[at]);
    return sum;
  };

  const payload = (what, nonce) => {
    lend.ready();
    if (what.kernel === "noop") return text(mix(nonce));
    if (what.kernel === "cpu") return text(spin(narrow(mix(nonce) >> 32n) | 1, what.rounds));
    if (what.kernel === "memory") return text(touch(what.mib, nonce));
    throw new Error("JavaScript has no system calls");
  };

  // One argument as a person reads it.
  const show = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return text(value.stack);
    if (typeof value !== "object" || value === null) return text(value);
    try {
      return stringify(value) ?? text(value);
    } catch {
      return text(value);
    }
  };
  const line = (values) => {
    let all = "";
    for (let at = 0; at < values.length; at++) all += (at ? " " : "") + show(values[at]);
    return all + "\n";
  };
  const say = (stream) => (...values) => lend.output(stream, line(values));
  const console = {};
  for (const name of ["log", "info", "debug"]) console[name] = say("output");
  for (const name of ["error", "warn", "trace"]) console[name] = say("error");
  defineProperty(globalThis, "console", { value: console, writable: true, configurable: true });

  // Whether this leads to something: `import` of it, or a call.
  const opens = async (way) => {
    try {
      await way();
      return true;
    } catch {
      return false;
    }
  };
  const look = async () => {
    lend.ready();
    const lent = getOwnPropertyNames(globalThis).filter((name) => !LANGUAGE.has(name));
    for (const name of lend.modules) if (await opens(() => import(name))) lent.push(name);
    const writable = [];
    for (const place of ["/", "/etc", "/tmp", "/dev/shm"]) {
      if (lend.write && (await opens(() => lend.write(place)))) writable.push(place);
    }
    const out = lend.connect && (await opens(() => lend.connect()));
    return stringify({ lent: lent.sort(), writable, network: out ? "outside" : "none" });
  };

  // The user's code runs by an indirect `eval`, so that its own `let` and `const` do not outlive
  // it. Its first instruction is ours; the last one hands out `main`, which may be a constant, and
  // being a declaration it leaves the value of the code as it was.
  const job = async (source, input) => {
    let main;
    const value = (what, to) =>
      defineProperty(globalThis, what, { value: to, writable: true, configurable: true });
    value("input", input);
    value(FIRST, lend.ready);
    value(LAST, (found) => (main = found));
    const strict = /^\s*(["'])use strict\1/.test(source) ? '"use strict";' : "";
    const end = `\n;var __isomon_end = ${LAST}(typeof main === "function" ? main : undefined);`;
    const last = perform(`${strict}${FIRST}();${source}${end}`);
    const result = stringify((await (main ? main(input) : last)) ?? null) ?? "null";
    if (result.length > RESULT) throw new RangeError("the result is longer than 1 MiB");
    return result;
  };

  // Does what `code` says; the result, or a promise of it, is text.
  return (nonce, code, input) => {
    const what = parse(code);
    if (what === "look") return look();
    if (what.payload) return payload(what.payload, wide("0x" + nonce));
    if (typeof what.js === "string") return job(what.js, parse(input));
    throw new Error("this host runs JavaScript");
  };
})
