# Sourced by the checks: fetches what a check needs and this machine lacks.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target_dir=${CARGO_TARGET_DIR:-$root/target}

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# need COMMAND PACKAGE...: installs the Debian packages unless the command is there.
need() {
    local command=$1
    shift
    command -v "$command" >/dev/null && return
    [ "$(id -u)" = 0 ] || fail "$command is missing; it is in: $*"
    # Daemons that come with a package must not start: the checks start what they need themselves.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 0755 /usr/sbin/policy-rc.d
    fi
    refresh_package_lists
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$@" >/dev/null
}

# Once an hour is enough for a run of all checks.
refresh_package_lists() {
    local stamp=${TMPDIR:-/tmp}/vpce-doctor-package-lists
    [ -n "$(find "$stamp" -mmin -60 2>/dev/null)" ] && return
    apt-get update -qq
    touch "$stamp"
}

# need_python COMMAND PACKAGE: the same from the Python index, always in an environment of its own:
# what is installed for the whole machine may be of another version.
need_python() {
    local environment=$target_dir/tools
    PATH=$environment/bin:$PATH
    [ -x "$environment/bin/$1" ] && return
    need python3 python3 python3-venv
    python3 -c 'import ensurepip' 2>/dev/null || need no-such-command python3-venv
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check "$2"
}
