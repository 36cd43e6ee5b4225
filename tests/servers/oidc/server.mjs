// An OpenID Connect provider for tests: oidc-provider with its development pages, on a free port of loopback.
//
//   node server.mjs '{"clients": […], "users": {"ada": {"groups": ["platform"]}}}'      prints its issuer
//
// Clients are native, so any loopback port may be in their redirect URIs.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

// ES modules are not looked up in NODE_PATH: the packages live in a cache folder, away from this file.
const entry = pathToFileURL(`${process.env.OIDC_MODULES}/oidc-provider/lib/index.js`);
const { default: Provider } = await import(entry.href);

const { clients, users } = JSON.parse(process.argv[2]);
let handle = (request, response) => response.writeHead(503).end();
const server = createServer((request, response) => handle(request, response));

server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: clients.map((client) => ({
      application_type: "native",
      grant_types: ["authorization_code"],
      response_types: ["code"],
      ...client,
    })),
    // Groups in the ID token, as most providers of companies have them.
    conformIdTokenClaims: false,
    claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email", "email_verified"], groups: ["groups"] },
    scopes: ["openid", "profile", "email", "groups"],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    cookies: { keys: ["only-for-tests"] },
    findAccount: (_context, id) => {
      const user = users[id];
      return user && { accountId: id, claims: () => ({ sub: id, preferred_username: id, email_verified: true, ...user }) };
    },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 600, Grant: 600 },
  });
  handle = provider.callback();
  console.log(issuer);
});
