"""May a person have an application synced at this time?"""

from trimtab.access.windows import OPEN, WindowState, state, windows_for
from trimtab.model.application import Application
from trimtab.server.failures import denied
from trimtab.server.served import Served
from trimtab.server.writing.effective import DEFAULT, project_in_force


def window_state(served: Served, app: Application) -> WindowState:
    """What the windows of its project say now; a project that is not there has none."""
    project = project_in_force(served, app.spec.project or DEFAULT)
    return OPEN if project is None else state(windows_for(app, project), served.clock.now())


def check_window(served: Served, app: Application) -> None:
    """Raises Failure (403) where a sync window is in the way of what a person asks for."""
    found = window_state(served, app)
    if not found.may_sync(manually=True):
        raise denied(f"cannot sync: blocked by sync window; {found.reason()}")
