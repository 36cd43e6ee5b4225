"""One thing told to GitHub, or asked of it: the posts of `trimtab.feedback`, by the functions of `trimtab.github`."""

from msgspec import Struct

from trimtab.feedback.comment import Rows, body_of, marker, rows_of, with_row
from trimtab.feedback.posts import CommentPost, DeploymentPost, Key, Post, StatusPost
from trimtab.github import comments, deployments, statuses
from trimtab.github.client import GitHub
from trimtab.github.nouns import Comment, Deployment, DeploymentStatus, PullRequest, Status
from trimtab.github.pulls import pulls_of_commit

_DEPLOYMENT_STATES = {
    "pending": "in_progress",
    "success": "success",
    "failure": "failure",
    "inactive": "inactive",
}
_FROM_GITHUB = {
    "in_progress": "pending",
    "queued": "pending",
    "pending": "pending",
    "success": "success",
    "failure": "failure",
    "error": "failure",
    "inactive": "inactive",
}


class Poster(Struct, frozen=True):
    """`author`: what GitHub calls the App when it comments, `slug[bot]`. Every method raises the errors of GitHub."""

    github: GitHub
    author: str

    async def known(self, post: Post) -> str | None:
        """The state that GitHub has of what the post is about; None for none."""
        match post:
            case StatusPost():
                status = await statuses.find_status(self.github, post.repo, post.sha, context=post.context)
                return _FROM_GITHUB.get(status.state) if status else None
            case DeploymentPost():
                deployment = await deployments.find_deployment(self.github, post.repo, _wanted(post))
                return await self._state_of(post, deployment) if deployment else None
            case CommentPost():
                states = [await self._row_state(post, pull) for pull in await self._pulls(post)]
                return states[0] if states and len(set(states)) == 1 else None
        return None

    async def tell(self, post: Post) -> tuple[Key, ...]:
        """Tell GitHub. What it means for others: the keys of posts whose state is another one now."""
        match post:
            case StatusPost():
                status = Status(post.state, post.context, post.what, post.page)
                await statuses.set_status(self.github, post.repo, post.sha, status=status)
            case DeploymentPost():
                return await self._deploy(post)
            case CommentPost():
                for pull in await self._pulls(post):
                    found, rows = await self._comment(post, pull)
                    body = body_of(with_row(rows, post), post.environment)
                    await comments.write_comment(self.github, post.repo, pull.number, found=found, body=body)
        return ()

    async def _deploy(self, post: DeploymentPost) -> tuple[Key, ...]:
        deployment = await deployments.find_deployment(self.github, post.repo, _wanted(post))
        if deployment is None:
            deployment = await deployments.create_deployment(self.github, post.repo, _wanted(post))
        status = DeploymentStatus(
            _DEPLOYMENT_STATES[post.state], post.what, environment_url=post.page, log_url=post.page
        )
        await deployments.set_deployment_status(self.github, post.repo, deployment.id, status=status)
        return await self._end_others(post, deployment) if post.state == "success" else ()

    async def _end_others(self, post: DeploymentPost, current: Deployment) -> tuple[Key, ...]:
        """Whatever of the application was deployed there before is not any more."""
        found = await deployments.newest_deployments(
            self.github, post.repo, environment=post.environment, task=post.task
        )
        ended = []
        for other in found:
            if other.id != current.id and await self._state_of(post, other) in ("pending", "success"):
                over = DeploymentStatus(
                    "inactive", f"{current.sha[:12]} is deployed", environment_url=post.page, log_url=post.page
                )
                await deployments.set_deployment_status(self.github, post.repo, other.id, status=over)
                ended.append((post.kind, post.repo, other.sha, post.environment, post.app))
        return tuple(ended)

    async def _state_of(self, post: Post, deployment: Deployment) -> str | None:
        found = await deployments.list_deployment_statuses(self.github, post.repo, deployment.id)
        return _FROM_GITHUB.get(found[0].state) if found else None

    async def _pulls(self, post: Post) -> list[PullRequest]:
        """The pull requests that the commit came by; one that merely has it among others is none of them."""
        found = await pulls_of_commit(self.github, post.repo, post.sha)
        return [pull for pull in found if pull.merged_at is not None or pull.head.sha == post.sha]

    async def _comment(self, post: Post, pull: PullRequest) -> tuple[Comment | None, Rows]:
        mark = marker(post.environment)
        found = await comments.find_comment(self.github, post.repo, pull.number, marker=mark, author=self.author)
        return found, rows_of(found.body, post.environment) if found else {}

    async def _row_state(self, post: Post, pull: PullRequest) -> str | None:
        row = (await self._comment(post, pull))[1].get(post.app)
        return row.state if row is not None and row.sha == post.sha else None


def _wanted(post: DeploymentPost) -> deployments.Wanted:
    return deployments.Wanted(
        sha=post.sha,
        environment=post.environment,
        task=post.task,
        description=f"{post.app} to {post.environment}",
        production=post.environment.startswith("prod"),
    )
