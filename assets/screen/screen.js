// The screen in a browser: bytes of a terminal from the server and to it, and nothing else.
import { Terminal } from "./xterm.js";
import { FitAddon } from "./fit.js";

// Bytes of a message to the server at most; it takes no longer ones.
const PIECE = 16384;
// Bytes that were shown before the server is told; it stops where it hears nothing.
const ENOUGH = 32768;
// Seconds until a lost connection is tried again: first, and at most.
const SOON = 1;
const LATE = 30;

const part = (id) => document.getElementById(id);
const terminal = new Terminal({
  cursorBlink: false,
  fontFamily: 'ui-monospace, "DejaVu Sans Mono", "Liberation Mono", monospace',
  fontSize: 14,
  linkHandler: { activate() {} },
  macOptionIsMeta: true,
  scrollback: 0,
  theme: { background: "#101214", foreground: "#e7e9eb" },
});
const fit = new FitAddon();
terminal.loadAddon(fit);
terminal.open(part("terminal"));
fit.fit();

let socket = null;
let pause = SOON;
let timer = 0;

function say(words, bad) {
  part("state").textContent = words;
  part("state").classList.toggle("bad", Boolean(bad));
}

function send(message) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(message);
}

function connect() {
  clearTimeout(timer);
  if (socket) socket.onclose = null;
  if (socket) socket.close();
  part("again").hidden = true;
  terminal.reset();
  const address = new URL("/screen/socket", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  address.searchParams.set("columns", terminal.cols);
  address.searchParams.set("rows", terminal.rows);
  const opened = new WebSocket(address);
  let seen = 0;
  opened.binaryType = "arraybuffer";
  opened.onmessage = ({ data }) => {
    if (typeof data === "string") return greet(JSON.parse(data));
    terminal.write(new Uint8Array(data), () => {
      seen += data.byteLength;
      if (seen < ENOUGH || opened.readyState !== WebSocket.OPEN) return;
      opened.send(JSON.stringify({ seen }));
      seen = 0;
    });
  };
  opened.onclose = ({ code, reason }) => over(code, reason);
  socket = opened;
}

// What the server says first.
function greet({ acts, may_act: mayAct }) {
  pause = SOON;
  say(acts ? "You act here as at a terminal." : "Read-only.");
  part("key").hidden = acts || !mayAct;
  part("look").hidden = !acts;
  terminal.focus();
}

function over(code, reason) {
  part("again").hidden = false;
  // Where the server said why, it means it; where nothing was said, the network is gone.
  if (code !== 1006 && code !== 1001) return say(reason || "The screen has ended.", code !== 1000);
  say(`The connection is lost; it is tried again in ${pause} s.`, true);
  timer = setTimeout(connect, pause * 1000);
  pause = Math.min(pause * 2, LATE);
}

function type(bytes) {
  for (let at = 0; at < bytes.length; at += PIECE) send(bytes.subarray(at, at + PIECE));
}

terminal.onData((text) => type(new TextEncoder().encode(text)));
terminal.onBinary((text) => type(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
terminal.onResize(({ cols, rows }) => send(JSON.stringify({ size: { columns: cols, rows } })));
new ResizeObserver(() => fit.fit()).observe(part("terminal"));

// Copying (OSC 52): outward alone; who asks what the clipboard holds is told nothing.
terminal.parser.registerOscHandler(52, (text) => {
  const letters = text.slice(text.indexOf(";") + 1);
  if (letters === "?") return true;
  try {
    const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
    const copied = navigator.clipboard.writeText(new TextDecoder().decode(bytes));
    copied.catch(() => say("The browser does not let this page copy.", true));
  } catch {
    say("Copying needs https, or this machine's own address.", true);
  }
  return true;
});

part("again").onclick = () => {
  pause = SOON;
  connect();
};

part("key").onsubmit = async (event) => {
  event.preventDefault();
  const token = part("token").value;
  part("token").value = "";
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
  try {
    const answer = await fetch("/screen/key", { method: "POST", headers, body: "{}" });
    if (answer.ok) return connect();
    say((await answer.json()).error, true);
  } catch {
    say("The token could not be sent.", true);
  }
};

part("look").onclick = async () => {
  await fetch("/screen/key", { method: "DELETE" }).catch(() => {});
  connect();
};

connect();
