"""The commands that are attacked: how the folder is before, and what is run in it."""

import dataclasses


@dataclasses.dataclass
class Case:
    name: str
    # A script that makes the folder, in an empty folder.
    before: str
    # A command line, as a shell takes it.
    command: str
    # A script that goes on after a kill that left neither the old nor the new state; by default it
    # is the command once more.
    resume: str = ""
    # A script that succeeds if what git or another program is to do is done.
    done: str = "true"
    # A script for what holds only where the folder is, such as what is trusted.
    here: str = "true"
    # Files that other programs write.
    foreign: tuple = ()
    # Whether it does what it is asked even if what it comes across cannot be written down, and warns.
    warns: bool = False
    variables: dict = dataclasses.field(default_factory=dict)


PROJECT = """
git init -q --template= -b main
mkdir -p src docs
echo 'pub fn answer() -> u32 { 42 }' > src/lib.rs
git add -A
git commit -q -m first
"""

STEM = "20251204-143000-weather"

WEATHER = PROJECT + """
agentsess new Weather --context 'The provider fails.' --next measure --next alert
agentsess log 'Built.' --state 'Built and reviewed.'
"""

WAVES = WEATHER + """
agentsess task add 'BACK-1 - write the worker' --wave 1
"""

PLANNED = PROJECT + """
agentsess new Weather --seed weather --context 'The provider fails.' --next measure
agentsess log 'Begun.' --state 'Begun.'
"""

# Something to decide, to learn and to do, in a project that keeps documents of each.
OPEN = PROJECT + """
mkdir -p .agents docs/decisions
printf '[close]\\nlessons = "docs/lessons.md"\\n' > .agents/agentsess.toml
printf '# Lessons Learned\\n\\n- Measure first\\n' > docs/lessons.md
printf '# Backlog\\n' > docs/backlog.md
agentsess new Weather --context 'The provider fails.'
agentsess log - <<'END'
Built.

## Current State
Built and reviewed.

## Next Steps
- [x] build it
- [ ] measure the second provider
- [ ] alert when both fail

## Decisions
### Decision 1: Use two providers

**Decision**: The second one answers when the first does not.

**Rationale**: It costs nothing while it is idle.

## Lessons Learned
- Providers lie about their uptime
END
git add -A
git commit -q -m built
"""

# A program that files work: each call is a line of a file.
SINK = OPEN + """
cat > ../tickets.sh <<'END'
n=$(($(cat ../tickets 2> /dev/null | wc -l) + 1))
echo "$1" >> ../tickets
echo "T-$n"
END
printf '[close.sinks.tickets]\\nargv = ["sh", "../tickets.sh", "{title}"]\\nid = "T-[0-9]+"\\n' >> .agents/agentsess.toml
git add -A
git commit -q -m sink
"""

FINISHED = PLANNED + f"""
agentsess new Storm --parent {STEM} --context 'Goes on.' --next begin
agentsess use weather
agentsess log 'Done.' -s weather --state 'Done.' --next None. --done measure || true
agentsess log 'Done.' -s weather --state 'Done.' --next None.
git add -A
git commit -q -m done
"""

HAND_WRITTEN = PROJECT + """
mkdir -p .agents/sessions
for name in one two; do
    cat > .agents/sessions/20251204-090000-$name.md <<END
---
session:
  title: $name
  status: In-Progress
  created: "2025-12-04T10:00:00+01:00"
  last_updated: "2025-12-04T09:00:00Z"
orchestration:
  current-task: "Ask"
---

# Session: $name

## Context

All calls fail in $name.

## Current State

Not begun.

## Next Step

- [ ] Ask about $name

---

## Session Log

### 2025-12-04 09:00 - dev/created

Began.
END
done
"""

NOTES = """
note() {
    cat > "$1" <<END
# $2

**Status**: active
**Date**: 2025-12-03

## Background

$2 is slow.

## Current status

Measured.

## TODO

- [ ] mend $2

## Work log

- 2025-12-03 09:30 @kim: measured $2
END
}
"""

CLOSE = "agentsess close weather --confirm committed"
WRITE = f"{CLOSE} --write-adrs --write-lessons --file-remaining"

# A project with hooks and servers of others.
HOSTS = WEATHER + """
mkdir -p .claude .codex
printf '{\n  // mine\n  "hooks": {\n    "SessionStart": [\n      {"hooks": [{"type": "command", "command": "true"}]},\n    ],\n  },\n}\n' > .claude/settings.json
printf 'model = "x"' > .codex/config.toml
printf '# Us\n' > AGENTS.md
"""

# An agent that was interrupted at what it was to do, and two that failed.
RUNS = WEATHER + """
agentsess run --agent one -- sh -c 'echo one; kill -TERM $$' || true
agentsess run --agent two -- sh -c 'exit 4' || true
agentsess run --agent three -- sh -c 'echo three; exit 3' || true
"""

# The last of them still runs as far as anybody has written down, on a boot that is over.
LEDGER = ".agents/sessions/.local/runs/ledger.json"
LOST = WEATHER + f"""
agentsess run --agent one -- sh -c 'echo one; cp {LEDGER} running'
sed -e 's/"boot":"[^"]*"/"boot":"over"/' running > {LEDGER}
sed -i -e '/^### .*one.run/,$d' -e 's/status: completed$/status: in_progress/' .agents/sessions/*.md
rm running
"""

PENDING = WEATHER + f"""
agentsess run --agent one -- sh -c 'echo one; cp {LEDGER} running'
sed -e 's/"logged":true/"logged":false/' {LEDGER} > .agents/sessions/.local/runs/pending-x.json
sed -e 's/"boot":"[^"]*"/"boot":"over"/' running > {LEDGER}
sed -i -e 's/"boot":"[^"]*"/"boot":"over"/' .agents/sessions/.local/runs/pending-x.json
sed -i -e '/^### .*one.run/,$d' -e 's/status: completed$/status: in_progress/' .agents/sessions/*.md
rm running
"""

VERSION_0 = f"""
sed -i -e 's/^{{"version":1,"runs":\\[/[/' -e 's/^\\]}}/]/' {LEDGER}
"""

CASES = [
    Case("init", HOSTS, "agentsess init --yes --private"),
    Case(
        "init --remove",
        HOSTS + "agentsess init --yes --private",
        "agentsess init --remove --yes",
    ),
    Case(
        "new",
        PROJECT,
        "agentsess new Weather --context c --next n",
    ),
    Case(
        "new --from",
        PROJECT + "printf '# Weather\\n\\nAsk two.\\n' > docs/prd.md",
        "agentsess new --from docs/prd.md --next n",
    ),
    Case(
        "new --seed",
        PLANNED,
        "agentsess new Login --seed login --context c --next n",
        # A session that was made is not made again.
        resume="""
        if [ -e .agents/sessions/20251204-143000-login.md ]
        then agentsess use login
        else agentsess new Login --seed login --context c --next n
        fi""",
    ),
    Case(
        "log",
        WEATHER,
        "agentsess log 'Measured: 40 ms' --state Measured. --done measure --file src/lib.rs",
    ),
    Case("set", WEATHER, "agentsess set title 'Weather fallback'"),
    Case("done", WEATHER, "agentsess done measure"),
    Case("task add", WEATHER, "agentsess task add 'write the worker' 'read it'"),
    Case(
        "decide",
        WEATHER,
        "agentsess decide 'Use two' --decision 'Ask both.' --rationale 'It is cheap.'",
    ),
    Case("block", WEATHER, "agentsess block 'the key has expired'"),
    Case("unblock", WEATHER + "agentsess block 'the key has expired'", "agentsess unblock key"),
    Case("pause", WEATHER, "agentsess pause"),
    Case("use", WEATHER, "agentsess use weather"),
    Case(
        "use, in a conversation",
        WEATHER,
        "agentsess use weather",
        variables={"AGENTSESS_CONVERSATION": "one"},
    ),
    Case(
        "new, in a conversation",
        WEATHER,
        "agentsess new Storm --context c --next n",
        # A session that was made is not made again.
        resume="""
        if [ -e .agents/sessions/20251204-143000-storm.md ]
        then agentsess use storm
        else agentsess new Storm --context c --next n
        fi""",
        variables={"AGENTSESS_CONVERSATION": "one"},
    ),
    Case(
        "resume, in a conversation",
        WEATHER + "agentsess handoff weather --to reviewer",
        "agentsess resume weather --agent reviewer",
        variables={"AGENTSESS_CONVERSATION": "one"},
    ),
    Case("use --none", WEATHER + "agentsess use weather", "agentsess use --none"),
    Case("link", WEATHER, "agentsess link weather --plan plan-weather --ticket pt-1"),
    Case("handoff", WEATHER, "agentsess handoff weather --to reviewer"),
    Case(
        "resume",
        WEATHER + "agentsess handoff weather --to reviewer",
        "agentsess resume weather --agent reviewer",
    ),
    Case(
        "edit",
        WEATHER,
        "agentsess edit weather",
        variables={"EDITOR": "sed -i -e 's/measure/measure twice/'"},
    ),
    Case("lint --fix", HAND_WRITTEN, "agentsess lint --fix"),
    Case(
        "adopt",
        PROJECT + NOTES + "mkdir docs/handoffs\nnote docs/handoffs/login.md Login\n"
        "note docs/handoffs/search.md Search",
        "agentsess adopt docs/handoffs",
    ),
    Case(
        "adopt, in place",
        PROJECT + NOTES + "mkdir -p .agents/sessions\n"
        "note .agents/sessions/20251203-090000-login.md Login",
        "agentsess adopt .agents/sessions",
    ),
    Case("close", FINISHED, CLOSE),
    Case("close, writing a list", OPEN, f"{WRITE} docs/backlog.md"),
    Case(
        "close, writing JSON",
        OPEN + "agentsess done measure",
        f"{CLOSE} --waive decisions=x --waive lessons=x --file-remaining docs/new/backlog.json",
    ),
    Case(
        "close, with a program",
        SINK,
        f"{WRITE} tickets",
        # Whether an issue was created that nobody wrote down, a person finds out.
        resume=f"""
        said=$({WRITE} tickets 2>&1) && exit
        item=$(printf '%s' "$said" | sed -n 's/.*--filed \\([0-9]*\\)=ID.*/\\1/p' | head -n 1)
        [ "$item" ] || {{ printf '%s' "$said" >&2; exit 1; }}
        if [ "$(cat ../tickets 2> /dev/null | wc -l)" -ge "$item" ]
        then {WRITE} tickets --filed "$item=T-$item"
        else {WRITE} tickets --refile "$item"
        fi""",
        here="agentsess trust tickets",
        foreign=("tickets",),
    ),
    Case(
        "close --commit",
        OPEN + "agentsess done measure\ngit commit -q -a -m measured",
        f"{WRITE} docs/backlog.md --commit",
        resume=f"""
        [ -e .agents/sessions/{STEM}.md ] || agentsess restore {STEM}
        {WRITE} docs/backlog.md --commit""",
        done="! git status --porcelain -uall | grep -v /.agentsess-",
    ),
    Case(
        "close --all-completed",
        WEATHER + """
agentsess new Storm --context c --next n
for name in weather storm; do
    agentsess log Done. -s $name --state Done. --next None. --replace
    agentsess set status completed -s $name
done
""",
        "agentsess close --all-completed --confirm committed",
    ),
    Case(
        "restore",
        WEATHER + f"{CLOSE} --waive remaining=dropped",
        "agentsess restore weather",
    ),
    Case(
        "restore, with a record",
        PLANNED + f"""
{CLOSE} --waive remaining=dropped
agentsess new Login --seed login --context c --next n
""",
        "agentsess restore weather",
    ),
    Case(
        "restore, from a record",
        PLANNED + f"""
{CLOSE} --waive remaining=dropped
rm -r .git/agentsess
""",
        "agentsess restore weather",
    ),
    Case(
        "restore, adopted",
        PROJECT + NOTES + "note docs/login.md Login\nagentsess adopt docs/login.md",
        "agentsess restore docs/login.md",
    ),
    Case(
        "trust",
        SINK,
        "agentsess trust tickets",
    ),
    Case(
        "trust --revoke",
        SINK,
        "agentsess trust --revoke tickets",
        here="agentsess trust tickets",
    ),
    Case("runs", LOST, "agentsess runs", warns=True),
    Case("runs, after one that was left pending", PENDING, "agentsess runs", warns=True),
    Case("runs, of version 0", RUNS + VERSION_0, "agentsess runs", warns=True),
    Case("runs complete", RUNS, "agentsess runs complete --all", warns=True),
    Case("runs prune", RUNS, "agentsess runs prune --keep 1"),
    Case(
        "runs fix --new-wave",
        RUNS + """
printf '## Execution Progress\\n### Wave 1: First (ACTIVE)\\n- [ ] BACK-1 - write it\\n' | agentsess log 'Begun.' -
agentsess run --agent one --item BACK-1 -- false || true
""",
        "agentsess runs fix --new-wave 'Second try'",
    ),
    Case(
        "doctor --fix",
        WEATHER + f"""
AGENTSESS_NOW=2025-06-01T00:00:00Z agentsess new Old --context c --next n
{CLOSE.replace("weather", "old")} --waive remaining=dropped
sed -i s/2025-12-04T14/2025-06-01T14/ .git/agentsess/trash/*/entry.json
touch .agents/sessions/.agentsess-abcdef.tmp
printf '20251204-143000-gone.md\\n' > .agents/sessions/.local/used
""",
        "agentsess doctor --fix",
    ),
]

# The commands of which others see to what becomes of them. `hook` succeeds whatever happens, see
# `tests/hooks.rs`: what it writes of its own may be lost. A `run` that is killed is to be seen to have
# been, see `supervised.py`. What both write to sessions, and `run` to its ledger, they write as the
# others do.
FORGIVING = {"hook", "run"}

# The commands that write nothing, or, as the server does, only by what others of these do.
READERS = {"mcp", "show", "list", "template", "rule", "schema", "completions", "man", "help"}
