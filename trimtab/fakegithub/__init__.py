"""A fake GitHub on loopback, for tests and the demo: pages, REST API, Git, webhooks. It stands alone.

    async with FakeGitHub(clock, ssh=True) as github:       # tls=, port=, prefix="/api/v3", validator=
        world = github.world
        world.user("ada"), world.user("bob")
        world.organisation("acme", "bob", owners=("ada",))
        world.repository("acme/infrastructure", files={"README.md": "…"})

**Where it is.** `github.url` (pages), `github.api_url` (REST, as on GitHub Enterprise), `github.clone_url("acme/x")`
(Git by HTTP, any user, a token as password), `github.ssh_url("acme/x")` (`ssh://git@127.0.0.1:PORT/acme/x.git`;
`github.ssh.user` is whom to log in as, `github.ssh.known_hosts` the lines to know). Use the URLs, and do not build
them.

**What is in it** is said in verbs of `github.world`:

- people: `user`, `organisation(login, *members, owners=, pending=)`, `team`, `join`, `leave`, `remove`, `rename`,
  `give` (a team a permission on a repository), `log_in` (gives the value of the cookie `user_session`). The policies
  are attributes of an `Organisation`: `deploy_keys`, `approved_apps`, `base_permission`.
- tokens: `token` (OAuth), `personal_token`, `fine_grained_token`, `user_token`, `installation_token`; `forget`
  deletes one and the deploy keys that go with it, `revoke` takes back what a person allowed.
- repositories: `repository`, `commit` (a push by somebody), `protect`, `deploy_key`, `remove_key`, `ssh_key`, `hook`;
  what is in them are lists of a `Repository`: `keys`, `hooks`, `pulls`, `statuses`, `deployments`, `comments`. `git`
  is on disk.
- applications: `app` (OAuth), `github_app(owner, name, **manifest)`, `install`, `choose`, `approve`, `uninstall`,
  `delete_app`, `conversion`; looked up in `apps`, `github_apps`, `installations`, `requests`.

**Pages**: `/login`, `/login/oauth/authorize`, `/organizations/{org}/settings/apps/new` (POST of a manifest),
`/apps/{slug}/installations/new`, `/organizations/{org}/settings/apps/{slug}/advanced` (delete),
`/organizations/{org}/settings/applications/new?oauth_application[name]=…`. Who is not logged in is asked by one button
a person. The REST API is the `ROUTES` of each module in `api/`.

**Webhooks** are signed and sent when something happens. `await github.delivered()` waits for the answers;
`github.deliveries.trust` is a PEM of the authorities to believe, `.hosts` addresses by name (`*.localhost` is loopback
already), `.held` and `.release(reverse=True)` delay and swap.

**Trouble**: `github.trouble = Trouble.DOWN` for everything, `github.plan(Trouble.LOST, "POST", "/keys$")` for the next
call that matches. `await github.ssh.rotate(listed=False)`: other host keys, which `/meta` does not list.

**Switches** of the world: `rate_limit` (calls of a token in an hour), `public_hooks_only` (refuse hooks on loopback, as
GitHub does), `host_keys` (what `/meta` lists).

**Held to the original**: a `validator` sees every exchange of the API; that of the tests, `GitHubContract`, compares
with GitHub's published OpenAPI description, requests and answers, and fails the test when the fake GitHub ends.
"""
