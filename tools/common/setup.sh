# What quickstart and test share: sourced, not run. The caller sets $root.
# shellcheck shell=bash disable=SC2154,SC2034

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "needs root or sudo to install packages: run '$*' yourself"; fi
}

# Installs the Debian packages that are missing, and says so first. Nothing to do the second time.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "needs these Debian packages, and apt-get is not here: ${missing[*]}"
    say "installing Debian packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    local log
    log=$(mktemp)
    if ! { as_root apt-get -q update && as_root apt-get -q install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -5 "$log" >&2
        die "apt-get could not install them: is there a network, and does /etc/apt/sources.list name a mirror? Log: $log"
    fi
    rm -f "$log"
}

# Makes the project's Python environment in $root/.venv.
make_venv() {
    [ -x "$root/.venv/bin/pip" ] || python3 -m venv "$root/.venv" || die "python3 -m venv failed"
}

build_packages=(gcc libc6-dev make cmake ninja-build pkg-config libprotobuf-c-dev protobuf-c-compiler libhwloc-dev
                libjansson-dev libssl-dev libpcre2-dev)
