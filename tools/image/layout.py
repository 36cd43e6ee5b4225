"""What the image is like: who runs what in it, where things are, what is left away. The Dockerfile is held to it."""

from typing import Final

SUITE: Final = "bookworm"
PYTHON: Final = "python3.11"
USER: Final = 999
"""The user and the group; `runAsUser` of the manifests."""
PROGRAM: Final = "trimtab"
ENTRYPOINT: Final = ("tini", "--", PROGRAM)
PORT: Final = 8080
ENVIRONMENT: Final = {
    "PATH": "/usr/local/bin:/usr/bin",
    # The one place that may be written to, where the root file system may not.
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
}
LABELS: Final = {
    "org.opencontainers.image.title": "trimtab",
    "org.opencontainers.image.licenses": "Apache-2.0",
}

LIBRARY: Final = f"usr/local/lib/{PYTHON}/dist-packages"
"""Where Debian's Python looks for what is not Debian's."""
SCRIPTS: Final = "usr/local/bin"
PROGRAMS: Final = ("kubectl",)
"""Of the programs that the Python packages bring, those that are kept."""
DOCUMENTS: Final = "usr/share/doc/trimtab"
SBOM: Final = f"{DOCUMENTS}/sbom.cdx.json"
AUTHORITIES: Final = "etc/ssl/certs/ca-certificates.crt"

MERGED: Final = ("bin", "lib", "lib64", "sbin")
"""Folders of the root that are links to those of /usr, as on every Debian since 12."""
LINKS: Final = {
    "usr/bin/python3": PYTHON,
    "usr/lib/git-core/git": "../../bin/git",
    # Where OpenSSL looks.
    "usr/lib/ssl/cert.pem": f"/{AUTHORITIES}",
    "usr/lib/ssl/certs": "/etc/ssl/certs",
}
FILES: Final = {
    # ssh refuses to work for somebody who is nobody.
    "etc/passwd": f"root:x:0:0:root:/root:/bin/sh\ntrimtab:x:{USER}:{USER}:trimtab:/tmp:/bin/sh\n",
    "etc/group": f"root:x:0:\ntrimtab:x:{USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
SCRIPT: Final = f"#!/usr/bin/{PYTHON} -I\nfrom trimtab.main import main\n\nmain()\n"
"""The program of that name, as pip would write it."""
FOLDERS: Final = {"cache": 0o755, "tmp": 0o1777, "var/lib/dpkg": 0o755}
OWNED: Final = frozenset({"cache"})
"""Owned by USER; all the rest is root's."""

LEFT_AWAY: Final = (
    "etc/apt/",
    "etc/cron*/",
    "etc/dpkg/",
    "etc/init.d/",
    "etc/systemd/",
    # What git has for servers, mail and other systems, and its second copy of itself.
    "usr/bin/git-shell",
    "usr/bin/scalar",
    "usr/lib/git-core/git",
    "usr/lib/git-core/git-add--interactive",
    "usr/lib/git-core/git-archimport",
    "usr/lib/git-core/git-cvs*",
    "usr/lib/git-core/git-daemon",
    "usr/lib/git-core/git-http-backend",
    "usr/lib/git-core/git-http-push",
    "usr/lib/git-core/git-imap-send",
    "usr/lib/git-core/git-instaweb",
    "usr/lib/git-core/git-p4",
    "usr/lib/git-core/git-send-email",
    "usr/lib/git-core/git-sh-i18n--envsubst",
    "usr/lib/git-core/git-shell",
    "usr/lib/git-core/git-subtree",
    "usr/lib/git-core/git-svn",
    "usr/lib/git-core/scalar",
    "usr/bin/tini-static",
    "usr/lib/openssh/",
    "usr/lib/systemd/",
    "usr/share/applications/",
    "usr/share/bash-completion/",
    "usr/share/bug/",
    "usr/share/git-core/contrib/",
    "usr/share/git-core/templates/hooks/",
    "usr/share/gitweb/",
    "usr/share/info/",
    "usr/share/lintian/",
    "usr/share/locale/",
    "usr/share/man/",
    "usr/share/perl5/",
    "usr/share/pixmaps/",
    "var/lib/dpkg/info/",
)
"""Patterns of paths below the root; one that ends with a slash is a folder and all that is in it."""
DOC: Final = "usr/share/doc/"
"""Of what is in here, only the files that say who may do what are kept."""
