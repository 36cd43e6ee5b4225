#!/usr/bin/env bash
# Makes .venv ready: bootstrap.sh run (what the product needs) or bootstrap.sh dev (tests, linters, benchmarks too).
# Installs Debian packages where it may; where it may not, prints the command that does.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-run}
lock=requirements.lock
packages=(git)
if [ "$kind" = dev ]; then
  lock=requirements-dev.lock
  packages+=(openssh-client openssh-server libnss-wrapper chromium curl nginx-light skopeo umoci)
fi

say() { printf '\033[2m%s\033[0m\n' "$*" >&2; }

apt_install() {
  local apt="apt-get install -y --no-install-recommends $*"
  if ! command -v apt-get >/dev/null; then
    echo "missing: $*. Install it with your system's package manager, then try again." >&2
    exit 1
  elif [ "$(id -u)" = 0 ]; then
    say "installing $*"
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive $apt -q; } >/tmp/trimtab-apt.$$ 2>&1 ||
      { tail -n 20 /tmp/trimtab-apt.$$ >&2; exit 1; }
    rm -f /tmp/trimtab-apt.$$
  else
    printf 'missing: %s. Run this, then try again:\n  sudo apt-get update && sudo %s\n' "$*" "$apt" >&2
    exit 1
  fi
}

need=()
for package in "${packages[@]}"; do
  case $package in
    git | curl | skopeo | umoci) command -v "$package" >/dev/null || need+=("$package") ;;
    openssh-client) command -v ssh >/dev/null || need+=(openssh-client) ;;
    nginx-light) [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || need+=(nginx-light) ;;
    chromium) [ -x /usr/bin/chromium ] || need+=(chromium) ;;
    libnss-wrapper) compgen -G "/usr/lib/*/libnss_wrapper.so" >/dev/null || need+=(libnss-wrapper) ;;
    openssh-server) [ -x /usr/sbin/sshd ] || command -v sshd >/dev/null || need+=(openssh-server) ;;
  esac
done
[ ${#need[@]} = 0 ] || apt_install "${need[@]}"

usable() { command -v "$1" >/dev/null && "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local name
  for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
    if usable "$name"; then echo "$name"; return; fi
  done
  return 1
}

if ! python=$(find_python); then
  apt_install python3 python3-venv
  python=$(find_python) || { echo "Python 3.11 or newer is needed; set PYTHON to one." >&2; exit 1; }
fi

stamp="$("$python" -c 'import sys; print(sys.version)' | cat - "$lock" | sha256sum | cut -c1-32)"
installed=$(cat .venv/.stamp 2>/dev/null || true)
case "$installed" in
  *"$kind:$stamp"*) exit 0 ;;
esac
[ -x .venv/bin/python ] && usable .venv/bin/python || { rm -rf .venv; "$python" -m venv .venv; installed=; }
say "installing Python packages ($lock)"
.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "$lock"
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
pwd > "$site/trimtab.pth"
printf '#!%s\nfrom trimtab.main import main\n\nmain()\n' "$PWD/.venv/bin/python" > .venv/bin/trimtab
chmod +x .venv/bin/trimtab
printf '%s %s:%s\n' "$installed" "$kind" "$stamp" > .venv/.stamp
