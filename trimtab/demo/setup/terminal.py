"""How the demo plays the terminal of `trimtab setup`: it shows the same, and clicks by itself or leaves it to you."""

import sys

import click

from trimtab.cli.setup_terminal import ConsoleTerminal
from trimtab.demo.setup import content
from trimtab.demo.setup.browser import Browser, Page
from trimtab.demo.telling import say
from trimtab.environment.plan import Line, Plan

CLICKS = ("Create GitHub App", "Install", "Authorize")
"""The three buttons of GitHub, in their order: how they begin."""


class DemoTerminal(ConsoleTerminal):
    """`browser`: of who clicks by itself; None: the newcomer does."""

    def __init__(self, browser: Browser | None) -> None:
        super().__init__(browser=False)
        self._clicks_by = browser

    async def confirm(self, question: str) -> bool:
        if self._clicks_by or not sys.stdin.isatty():
            click.echo(f"{question} yes")
            return True
        return await super().confirm(question)

    async def open(self, url: str, *, why: str) -> None:
        if self._clicks_by:
            await _click_through(self._clicks_by, url)
            return
        say(f"\n  {url}", bold=True)
        click.echo(f"""\
  Open it in a browser on this machine to {why}.
  The GitHub there is the demo's own: sign in as {content.OWNER}, no password is asked for.
  Then it is three clicks: Create, Install (choose {content.REPOSITORY}), Authorize.
""")


class SilentTerminal(ConsoleTerminal):
    """Shows nothing; `plan` is what would have been shown."""

    def __init__(self) -> None:
        super().__init__(browser=False)
        self.plan = Plan(())

    def show(self, plan: Plan) -> None:
        self.plan = plan

    def done(self, line: Line) -> None:
        pass


async def _click_through(browser: Browser, url: str) -> None:
    """Sign in, and the three clicks."""
    page = await _arrived(browser, await browser.visit(url))
    page = await browser.click(page, f"Sign in as {content.OWNER}")
    for label in CLICKS:
        chosen = {"selection": "selected", "repository": content.REPOSITORY} if label == "Install" else {}
        click.echo(f"  {click.style('>', fg='cyan')} {content.OWNER} clicks: {page.button(label).label}")
        page = await _arrived(browser, await browser.click(page, label, **chosen))


async def _arrived(browser: Browser, page: Page) -> Page:
    """A form of ours sends itself in a browser."""
    while any(button.label == "Go on" for button in page.buttons):
        page = await browser.click(page, "Go on")
    return page
