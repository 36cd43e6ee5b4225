"""From the lists to the image: three layers, of which the two large ones are kept as long as what they are made of."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.controlplane import cache
from tools.image import debian, golang, layout, oci, packages, product, python, sbom, tree
from tools.image.debian import Deb
from tools.image.errors import ImageError
from tools.image.oci import Layer
from trimtab import __version__

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OUTPUT = ROOT / "build/trimtab-image.tar"


@dataclass(frozen=True)
class Image:
    """The finished file; `digest` is the image's own."""

    file: Path
    digest: str
    size: int


@dataclass(frozen=True)
class _Part:
    """The files of a layer, the layer, and what it holds."""

    root: Path
    layer: Layer
    components: list[sbom.Component]


def home() -> Path:
    """`$XDG_CACHE_HOME/trimtab/image`, else below `~/.cache`."""
    return cache.home().with_name("image")


def image(output: Path = OUTPUT) -> Image:
    """Build the image into `output`, and say on stderr how far it is. Raises ImageError."""
    architecture = debian.architecture()
    if architecture not in python.MACHINES:
        raise ImageError(f"there are no Python packages for {architecture}, only for {' and '.join(python.MACHINES)}")
    with cache.locked(home() / "lock", waiting=lambda: _say("another process builds an image: waiting for it")):
        # What pip and Python write shall be readable in the image, whoever builds it.
        before = os.umask(0o022)
        try:
            return _built(output, architecture)
        finally:
            os.umask(before)


def _built(output: Path, architecture: str) -> Image:
    _say("Debian's packages")
    debs = debian.fetch(packages.listed(packages.LIST.read_text()).wanted, _folder("apt"))
    base = _part("debian", _key(*(deb.sha256 for deb in debs)), lambda root: _debian(root, debs))
    wheels = _key(python.LOCK.read_text(), architecture, base.layer.digest)
    libraries = _part("python", wheels, lambda root: _python(root, architecture, base.root))
    _say("Trimtab")
    created = _created()
    work = _fresh(_folder("layers") / "trimtab")
    product.stage(work, base=base.root)
    components = [*base.components, *libraries.components, *sbom.of_python(work / layout.LIBRARY)]
    document = sbom.document(components, version=__version__, created=created, architecture=architecture)
    tree.write(work, layout.SBOM, document)
    layers = [base.layer, libraries.layer, _pack(work, work.with_suffix(".tar.gz"))]
    config = oci.configuration(
        layers,
        architecture=architecture,
        created=created,
        comments=["Debian's packages", "Python's packages", f"Trimtab {__version__}"],
        run=run_configuration(created),
    )
    digest = oci.write(output, layers, config, name=__version__)
    return Image(output, digest, output.stat().st_size)


def root_filesystem(root: Path) -> None:
    """All files of the image in a folder that is not there yet, for other builders. Raises ImageError."""
    image(_folder("work") / "image.tar").file.unlink()
    for part in ("debian", "python", "trimtab"):
        shutil.copytree(_folder("layers") / part, root, symlinks=True, dirs_exist_ok=True)
    for name, mode in layout.FOLDERS.items():
        (root / name).chmod(mode)
        if os.geteuid() == 0:
            os.chown(root / name, _owner(name), _owner(name))


def run_configuration(created: str) -> dict[str, Any]:
    """What an engine runs, and as whom."""
    version = {"org.opencontainers.image.version": __version__, "org.opencontainers.image.created": created}
    revision = {"org.opencontainers.image.revision": commit} if (commit := _commit()) else {}
    return {
        "User": f"{layout.USER}:{layout.USER}",
        "Env": [f"{name}={value}" for name, value in layout.ENVIRONMENT.items()],
        "Entrypoint": list(layout.ENTRYPOINT),
        "WorkingDir": "/",
        "ExposedPorts": {f"{layout.PORT}/tcp": {}},
        "Labels": layout.LABELS | version | revision,
    }


def _debian(root: Path, debs: Sequence[Deb]) -> list[sbom.Component]:
    packages.check(packages.listed(packages.LIST.read_text()), [deb.control for deb in debs])
    tree.begin(root)
    for deb in debs:
        tree.unpack(deb, root)
    for name, mode in layout.FOLDERS.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name).chmod(mode)
    for name, target in layout.LINKS.items():
        tree.link(root, name, target)
    authorities = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    tree.write(root, layout.AUTHORITIES, b"".join(path.read_bytes() for path in authorities))
    for name, content in layout.FILES.items():
        tree.write(root, name, content)
    tree.write(root, "var/lib/dpkg/status", "\n".join(f"Status: install ok installed\n{deb.stanza}" for deb in debs))
    tree.tidy(root)
    python.precompile(root / "usr/lib" / layout.PYTHON, root, base=root)
    return sbom.of_debian(debs, root)


def _python(root: Path, architecture: str, base: Path) -> list[sbom.Component]:
    python.install(root, architecture=architecture)
    python.precompile(root / layout.LIBRARY, root, base=base)
    modules = [component for program in golang.programs(root) for component in sbom.of_go(program)]
    return [*sbom.of_python(root / layout.LIBRARY), *modules]


def _part(name: str, key: str, stage: Callable[[Path], list[sbom.Component]]) -> _Part:
    """The layer of that name, from the cache when it was made of the same."""
    root = _folder("layers") / name
    note = root.with_suffix(".json")
    if note.is_file() and (known := json.loads(note.read_text()))["key"] == key:
        return _Part(root, Layer(**known["layer"] | {"file": Path(known["layer"]["file"])}), known["components"])
    _say(f"{name}'s layer")
    note.unlink(missing_ok=True)
    components = stage(_fresh(root))
    layer = _pack(root, root.with_suffix(".tar.gz"))
    noted = {"key": key, "layer": asdict(layer) | {"file": str(layer.file)}, "components": components}
    note.write_text(json.dumps(noted))
    return _Part(root, layer, components)


def _pack(root: Path, file: Path) -> Layer:
    return oci.pack(root, file, owner=_owner, folder_mode=lambda name: layout.FOLDERS.get(name, 0o755))


def _owner(name: str) -> int:
    return layout.USER if name in layout.OWNED else 0


def _key(*ingredients: str) -> str:
    """Of what a layer is made of: its packages and these very modules."""
    modules = (path.read_text() for path in sorted(HERE.iterdir()) if path.is_file())
    return hashlib.sha256("\0".join([*ingredients, *modules]).encode()).hexdigest()


def _folder(name: str) -> Path:
    folder = home() / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _created() -> str:
    """RFC 3339: SOURCE_DATE_EPOCH, else the time of the commit, else now."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct")
    moment = datetime.fromtimestamp(int(seconds), UTC) if seconds else datetime.now(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _commit() -> str:
    """The commit that all files are of; "" when some were changed, or nobody knows."""
    return "" if _git("status", "--porcelain", "--untracked-files=no") else _git("rev-parse", "HEAD")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _git(*words: str) -> str:
    """What git says; "" outside of a repository, and without git."""
    if not shutil.which("git"):
        return ""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
