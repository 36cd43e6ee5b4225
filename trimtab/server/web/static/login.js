// Logs in by password (the API sets the cookie), or leads to single sign-on.
const problem = document.getElementById("problem");
const form = document.getElementById("local");
const here = new URLSearchParams(location.search);

// Only a path of this server: another site must not be able to send people away from here.
function wanted() {
  const url = new URL(here.get("return_url") || "/", location.origin);
  return url.origin === location.origin ? url.pathname + url.search : "/";
}

function tell(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

function offer(label, path) {
  const link = document.createElement("a");
  link.className = "button primary";
  link.textContent = label;
  link.href = `${path}${path.includes("?") ? "&" : "?"}return_url=${encodeURIComponent(wanted())}`;
  document.getElementById("sso").append(link);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  tell("");
  const fields = new FormData(form);
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch("/api/v1/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: fields.get("username"), password: fields.get("password") }),
    });
    if (answer.ok) location.assign(wanted());
    else tell((await answer.json()).message);
  } catch {
    tell("The server does not answer. Try again in a moment.");
  } finally {
    button.disabled = false;
  }
});

if (here.get("sso_error")) tell(here.get("sso_error").slice(0, 300));
const settings = await (await fetch("/api/v1/settings")).json();
const connectors = settings.dexConfig?.connectors ?? [];
for (const one of connectors) {
  offer(`Log in with ${one.name}`, `/auth/login?connector=${encodeURIComponent(one.id ?? one.type)}`);
}
if (settings.oidcConfig) offer(`Log in with ${settings.oidcConfig.name}`, "/auth/login");
form.hidden = Boolean(settings.userLoginsDisabled);
