// A plain live list: one page of applications, kept up to date by the stream.
const SHOWN = 500;
const FIELDS = [
  "metadata.name", "metadata.namespace", "metadata.uid", "spec.project", "spec.destination", "spec.source",
  "spec.sources", "status.sync.status", "status.sync.revision", "status.sync.revisions", "status.health.status",
  "operation", "status.operationState.phase",
];
const known = new Map();
const rows = new Map();
const inOrder = new Intl.Collator("en", { numeric: true });
const at = (id) => document.getElementById(id);
const keyOf = (app) => `${app.metadata.namespace}/${app.metadata.name}`;

async function get(path) {
  const answer = await fetch(path);
  if (answer.status === 401) {
    location.assign(`/login?return_url=${encodeURIComponent(location.pathname)}`);
    throw new Error("not logged in");
  }
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  return body;
}

function tell(text) {
  at("problem").textContent = text;
  at("problem").hidden = !text;
}

function cell(label, text, className) {
  const made = document.createElement("td");
  made.dataset.label = label;
  const inner = document.createElement("span");
  inner.textContent = text;
  if (className) inner.className = className;
  made.append(inner);
  return made;
}

function revision(app) {
  const sync = app.status?.sync ?? {};
  const text = sync.revision || (sync.revisions ?? []).map((one) => one.slice(0, 7)).join(", ");
  return /^[0-9a-f]{40}$/.test(text) ? text.slice(0, 7) : text || "—";
}

function place(app) {
  const to = app.spec?.destination ?? {};
  const cluster = to.name || (to.server === "https://kubernetes.default.svc" ? "in-cluster" : to.server) || "—";
  return `${cluster}/${to.namespace || "—"}`;
}

function row(app) {
  const made = document.createElement("tr");
  const name = cell("Application", app.metadata.name, "name");
  const project = document.createElement("small");
  project.textContent = app.spec?.project ?? "";
  name.append(project);
  const running = app.status?.operationState?.phase === "Running" && app.operation;
  const sync = running ? "Syncing" : app.status?.sync?.status ?? "Unknown";
  const health = app.status?.health?.status ?? "Unknown";
  made.append(
    name,
    cell("Sync", sync, `state ${sync}`),
    cell("Health", health, `state ${health}`),
    cell("Revision", revision(app), "mono"),
    cell("Destination", place(app)),
  );
  return made;
}

function fits(app, words) {
  const text = `${app.metadata.name} ${app.spec?.project ?? ""} ${app.spec?.destination?.namespace ?? ""}`;
  return words.every((word) => text.toLowerCase().includes(word));
}

function show() {
  const words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = [...known.values()].filter((app) => fits(app, words));
  fitting.sort((a, b) => inOrder.compare(keyOf(a), keyOf(b)));
  const shown = fitting.slice(0, SHOWN);
  at("rows").replaceChildren(...shown.map((app) => rows.get(keyOf(app))));
  at("count").textContent = `${fitting.length} of ${known.size}`;
  at("empty").hidden = known.size > 0;
  at("more").hidden = fitting.length <= SHOWN;
  at("more").textContent = `The first ${SHOWN} are shown; filter to see others.`;
}

let due = false;
function changed() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; show(); });
}

function keep(app) {
  known.set(keyOf(app), app);
  rows.set(keyOf(app), row(app));
}

function forget(app) {
  known.delete(keyOf(app));
  rows.delete(keyOf(app));
}

async function load() {
  const list = await get(`/api/v1/applications?fields=metadata.resourceVersion,${FIELDS.map((f) => `items.${f}`)}`);
  known.clear();
  rows.clear();
  (list.items ?? []).forEach(keep);
  changed();
  return list.metadata?.resourceVersion ?? "";
}

function follow(version) {
  const fields = ["result.type", ...FIELDS.map((field) => `result.application.${field}`)];
  const from = version ? `&resourceVersion=${encodeURIComponent(version)}` : "";
  const source = new EventSource(`/api/v1/stream/applications?fields=${fields}${from}`);
  source.onopen = () => { at("live").classList.add("on"); at("live").title = "Live"; };
  source.onmessage = (event) => {
    const { result } = JSON.parse(event.data);
    if (!result) return;
    if (result.type === "DELETED") forget(result.application);
    else keep(result.application);
    changed();
  };
  source.onerror = () => {
    at("live").classList.remove("on");
    at("live").title = "Not connected";
    source.close();
    setTimeout(begin, 3000);
  };
}

async function begin() {
  try {
    follow(await load());
    tell("");
  } catch (error) {
    tell(`${error.message}; trying again`);
    setTimeout(begin, 3000);
  }
}

at("search").addEventListener("input", changed);
at("logout").addEventListener("click", async () => {
  await fetch("/api/v1/session", { method: "DELETE", headers: { "content-type": "application/json" } });
  location.assign("/login");
});
get("/api/v1/session/userinfo").then((user) => {
  at("who").textContent = user.username ?? "";
  at("logout").hidden = !user.loggedIn;
});
await begin();
