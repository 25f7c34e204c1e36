# What the tests against other people's programs share; sourced by `tests/*/run`. Sets `root`, the
# project, and `work`, a temporary folder.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/home"

# Neither a calling hook's repository nor a developer's settings may decide the outcome. Cargo
# keeps its own folders, or every run would fetch every dependency again.
unset "${!GIT_@}" "${!AGENTSESS_@}" "${!XDG_@}" "${!GITHUB_@}" "${!LEFTHOOK@}" "${!PREK_@}" \
    "${!PRE_COMMIT_@}" SKIP
# The sessions below are of that day, and rules about their age have nothing to say then.
export AGENTSESS_NOW=2025-12-04T16:00:00Z
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export HOME=$work/home
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@example.com
export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@example.com

# What is tested is that things build and run, not how fast they are.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off
export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16

sessions=.agents/sessions
good=20251204-143000-weather-fallback.md
bad=20251204-150000-rate-limits.md

# programs FOLDER PACKAGE==VERSION...: puts programs of the Python package index on the path. Of the
# versions that are named here it is known that they read what they read.
programs() {
    local venv=$root/target/$1
    shift
    if [[ $(cat "$venv/installed" 2>/dev/null) != "$*" ]]; then
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check "$@"
        echo "$*" >"$venv/installed"
    fi
    PATH=$venv/bin:$PATH
}

# Puts the program as the tree has it on the path.
build() {
    local folder
    folder=$("$root/tests/support/build")
    PATH=$folder:$PATH
}

# Has others build the program from source beside each other, so that what it depends on is built
# once. prek has cargo fetch to a folder of its own, so the others fetch there as well.
build_together() {
    export PREK_HOME=$root/target/others/prek CARGO_BUILD_BUILD_DIR=$root/target/others/build
    rm -rf "$PREK_HOME"
    mkdir -p "$PREK_HOME/cache"
    ln -s "$CARGO_HOME" "$PREK_HOME/cache/cargo"
    export CARGO_HOME=$PREK_HOME/cache/cargo
}

# snippet NAME: the block of docs/integrations.md that stands below a line that begins with `NAME`.
snippet() {
    awk -v name="\`$1\`" '
        !state && index($0, name) == 1 { state = 1 }
        state == 1 && /^```/ { state = 2; next }
        state == 2 && /^```/ { exit }
        state == 2 { print; found = 1 }
        END { exit !found }
    ' "$root/docs/integrations.md"
}

write_good() {
    cat >"$sessions/$good" <<'MARKDOWN'
---
session:
  title: "Weather fallback"
  status: in_progress
  created: "2025-12-04T14:30:00Z"
  last_updated: "2025-12-04T15:10:00Z"
orchestration:
  current_task: "Answer from the second provider when the first one is slow"
---

# Session: Weather fallback

## Context

Requests time out whenever the weather provider is slow.

## Current State

The second provider is asked after 300 ms; the tests pass.

## Next Steps

1. Measure the share of answers that come from the second provider

---

## Session Log

### 2025-12-04 14:30 - pm/created

Started from the incident review.

### 2025-12-04 15:10 - backend-dev/implemented

The fallback works behind its flag.
MARKDOWN
}

write_bad() {
    cat >"$sessions/$bad" <<'MARKDOWN'
---
session:
  title: "Rate limits"
  status: busy
  created: "2025-12-04T15:00:00Z"
orchestration:
  current_task: "Limit requests per key"
---

# Session: Rate limits

## Context

One key can starve all others.
MARKDOWN
}

# A repository with a good session, which is also where one is then.
project() {
    mkdir -p "$work/$1/$sessions"
    cd "$work/$1"
    git init --quiet
    write_good
    # Not a session, and nothing may take it for one.
    echo '# How sessions are kept here' >"$sessions/README.md"
}

passed=0
failed=0

# check WHAT EXIT-CODE TEXT COMMAND...
check() {
    local what=$1 expected=$2 text=$3 code=0
    shift 3
    "$@" >"$work/output" 2>&1 </dev/null || code=$?
    if [[ $code == "$expected" ]] && grep --quiet --fixed-strings -- "$text" "$work/output"; then
        passed=$((passed + 1))
        echo "ok: $what"
    else
        failed=$((failed + 1))
        echo "FAILED: $what: wanted exit $expected and '$text', got exit $code and:"
        sed 's/^/    /' "$work/output"
    fi
}

finish() {
    echo "$passed passed, $failed failed"
    [[ $passed -gt 0 && $failed == 0 ]]
}
