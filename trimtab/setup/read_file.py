"""An environment file that was read: what it says, and where."""

from msgspec import Struct

from trimtab.environment.environment import Environment
from trimtab.environment.fields import shown_path
from trimtab.environment.reading import read_environment
from trimtab.model.located import Located
from trimtab.render.yaml_lines import load_located


class ReadFile(Struct, frozen=True):
    """`text` is the file as it stands, with its comments."""

    env: Environment
    text: str
    located: Located

    def at(self, *path: str | int) -> str:
        """Where a message is about: `environment.yaml:9: teams[0]`."""
        return f"{self.located.origin}:{self.located.line(path)}: {shown_path(path)}"


def read_text(text: str | bytes, *, origin: str) -> ReadFile:
    """Raises YamlError, and InvalidDeclaration with every problem."""
    located = load_located(text, origin=origin)
    return ReadFile(read_environment(located), text if isinstance(text, str) else text.decode(), located)
