"""Asserts that twice the input costs at most about twice the instructions.

linear.py AGENTSESS [PART-OF-A-CASE'S-NAME...]
"""

import concurrent.futures
import itertools
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# What doubling may cost: twice, and what growing tables and longer numbers add.
LIMIT = 2.1
# The cheapest way to count: little of the program runs more than once, and more optimising takes
# longer. It writes no code of its own that would have to be looked for.
VALGRIND = [
    "valgrind", "--tool=exp-bbv", "--instr-count-only=yes", "--bb-out-file=/dev/null", "--pc-out-file=/dev/null",
    "--vex-iropt-level=1", "--smc-check=none",
]
# The smaller size: lines of a session, files of a folder, or bytes for what repeats one sign. At this
# size what is done once for every pair of lines shows as soon as it takes a thousandth of what is
# done for a line.
LINES, FILES, BYTES = 300, 60, 24_000
# With one of them a program starts one thread. Threads that wait for each other cost as well.
CPUS = itertools.cycle(map(str, sorted(os.sched_getaffinity(0))))
# What a case must cost beyond starting, or it says nothing: starting takes some millions.
LEAST = 500_000

NAME = "20251204-143000-large"
HEAD = """session:
  title: "Large"
  status: in_progress
  created: "2025-12-04T14:30:00Z"
  last_updated: "2025-12-04T14:30:00Z"
orchestration:
  current_task: "Grow"
"""
SECTIONS = "## Context\n\nc\n\n## Current State\n\ns\n\n## Next Steps\n\n- n\n\n"
LOG = "---\n\n## Session Log\n\n### 2025-12-04 14:30 - dev/created\n\nx\n"


def session(head="", body="", log="", sections=SECTIONS):
    return f"---\n{HEAD}{head}---\n\n# Session: Large\n\n{sections}{body}\n\n{LOG}{log}"


def lines(line, **where):
    """A case whose size is a number of lines."""
    part = where.get("part", "body")

    def make(times):
        return session(**{part: "".join(line(index) for index in range(LINES * times))})

    return make


def repeated(text, part="body", before="", after=""):
    """A case whose size is how often some text stands in one place."""

    def make(times):
        return session(**{part: before + text * (BYTES * times // len(text)) + after})

    return make


def backticks(times):
    """Runs of ever more backticks, none of which another one closes."""
    runs = range(1, int((2 * BYTES * times) ** 0.5))
    return session(body=" a ".join("`" * run for run in runs))


def minute(index):
    return f"2025-12-{index // 1440 % 28 + 1:02} {index // 60 % 24:02}:{index % 60:02}"


def usual(times):
    """Like what is really written, only more of it."""
    count = LINES * times // 4
    waves = "".join(f"### Wave {n}: Part {n} (DONE)\n\n- [x] W-{n} - Do part {n} of it\n\n" for n in range(1, count))
    log = "".join(f"\n### {minute(900 + n)} - dev/note\n\nWrote `part{n}` and *tested* it.\n" for n in range(count))
    return session(body=f"## Execution Progress\n\n{waves}", log=log)


DECISION = "### Decision {0}: Title {0}\n\n**Decision**: d\n\n**Rationale**: r\n\n"
TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3

ONE_FILE = {
    "a usual session": usual,
    "one long line": repeated("word ", before="Text: "),
    "runs of backticks": backticks,
    "nested quotes": repeated("> "),
    "nested lists": repeated("- "),
    "nested items": lambda times: session(body="".join(" " * 2 * n + "- [ ] x\n" for n in range(int((BYTES * times) ** 0.5)))),
    "open brackets": repeated("["),
    "open links": repeated("[a]("),
    "open images": repeated("![["),
    "open emphasis": repeated("*a _b "),
    "open angles": repeated("<a "),
    "open comments": repeated("a <!-- "),
    "open instructions": repeated("a <? "),
    "link definitions": lines(lambda n: f"[a{n}]: x\n"),
    "link references": lines(lambda n: f"[a{n}][a{n}]\n\n[a{n}]: x\n\n"),
    "tables": repeated("|a", after="\n|-|-|\n"),
    "underlines": lines(lambda n: "a\n---\n"),
    "sections": lines(lambda n: f"## Own {n}\n\nx\n\n"),
    "empty sections": lines(lambda n: f"## Own {n}\n"),
    "sections of one name": lines(lambda n: "## Context\n\nx\n\n"),
    "misspelled sections": lines(lambda n: "## Contxt\n\nx\n\n"),
    "headings": lines(lambda n: f"### Part {n}\n\nx\n\n"),
    "titles": lines(lambda n: f"# Title {n}\n\n"),
    "items": lines(lambda n: f"- [ ] A-{n} - text\n"),
    "items of one name": lines(lambda n: "- [ ] A-1 - text\n"),
    "items twice": lambda times: session(
        body="## Execution Progress\n\n" + "".join(f"- [ ] A-{n} - text\n" for n in range(LINES * times)) * 2
    ),
    "sections twice": lambda times: session(body="".join(f"## Own {n}\n\nx\n\n" for n in range(LINES * times)) * 2),
    "items that are none": lines(lambda n: f"- [-] A-{n} - text\n"),
    # Two to a line: of one there is too little beside what is done only where there is none.
    "steps": lines(lambda n: f"- step {n}\n- and step {n}\n", part="sections"),
    "files": lambda times: session(body="## Files Modified\n\n" + "".join(f"- `src/{n}.rs`\n" for n in range(LINES * times))),
    "links": lines(lambda n: f"[x](20250101-000000-gone-{n}.md)\n\n"),
    "waves": lambda times: session(
        body="## Execution Progress\n\n"
        + "".join(f"### Wave {n + 1}: W (blocked by Wave {n})\n\n- [ ] x {n}\n\n" for n in range(LINES * times))
    ),
    "waves of one number": lambda times: session(
        body="## Execution Progress\n\n" + "### Wave 1: W (ACTIVE)\n\n- [ ] x\n\n" * LINES * times
    ),
    "decisions": lambda times: session(
        body="## Decisions\n\n" + "".join(DECISION.format(n + 1) for n in range(LINES * times))
    ),
    "log entries": lines(lambda n: f"\n### {minute(n + 900)} - dev/note\n\nx\n", part="log"),
    "log entries in one minute": lines(lambda n: "\n### 2025-12-04 14:30 - dev/note\n\nx\n", part="log"),
    "log entries backwards": lines(lambda n: f"\n### {minute(39_000 - n)} - dev/note\n\nx\n", part="log"),
    "log entries of other forms": lines(lambda n: f"\n### 2025-12-04T14:30:{n % 60:02}Z - dev\n\nx\n", part="log"),
    "empty log entries": lines(lambda n: f"\n### {minute(n + 900)} - dev/note\n", part="log"),
    "keys": lines(lambda n: f"key{n}: 1\n", part="head"),
    "quoted keys": lines(lambda n: f"\"key{n}\": &a{n} 'x'\n", part="head"),
    "keys of one name": lines(lambda n: "key: 1\n", part="head"),
    "keys of a flow map": lambda times: session(head="x: {" + "a: 1, " * LINES * times + "}\n"),
    "agents": lambda times: session(
        head="  spawned_agents:\n"
        + "".join(f"    - agent: a{n}\n      task: t\n      status: completed\n" for n in range(LINES * times))
    ),
    "wrong values": lambda times: session(head="  spawned_agents: [" + "x, " * LINES * times + "]\n"),
    "open lists": repeated("[", part="head", before="x: ", after="\n"),
    "a long value": repeated("\\u0041 ", part="head", before='x: "', after='"\n'),
    "a block value": repeated("a\n  ", part="head", before="x: |\n  ", after="\n"),
    "comments in the head": lines(lambda n: "# agentsess-disable-line secret\n", part="head"),
    "suppressions": lines(lambda n: "<!-- agentsess-disable-next-line task-syntax -->\n- [-] x\n"),
    "suppressions of nothing": lines(lambda n: "<!-- agentsess-disable-line secret -->\n\n"),
    "suppressions of one file": lines(lambda n: "<!-- agentsess-disable-file secret -->\n\n"),
    "suppressions without end": repeated("<!-- agentsess-disable-line secret "),
    "suppressions on one line": repeated("x <!-- agentsess-disable-line secret -->"),
    "secrets": lines(lambda n: f"{TOKEN}{n:04}\n\n"),
    "secrets on one line": repeated(f"{TOKEN} "),
    "almost secrets": repeated("sk-"),
    "almost tokens": repeated("eyJ"),
    "almost tokens with dots": repeated("eyJa."),
    "almost keys": repeated("-----BEGIN "),
    "almost addresses": repeated("a://b:"),
    "almost passwords": repeated("a://b:c@"),
    "almost tokens of words": repeated("xoxb-"),
    "almost addresses without end": repeated("://"),
    "conflict markers": lines(lambda n: "<<<<<<< a\n=======\n>>>>>>> b\n"),
    "placeholders": lines(lambda n: "TODO\n\n"),
    "hidden characters": repeated("a\u200b\u202e"),
    "escape sequences": repeated("\x1b[1"),
    "escape sequences without end": repeated("\x1b]"),
    "control characters in YAML that breaks off": repeated("\x07", part="head", before="x: [", after="\n"),

    "hidden characters on lines": lines(lambda n: "a\u200b\n\n"),
    "wide characters": repeated("日本 "),
    "carriage returns": repeated("a\r"),
    "NUL": repeated("\0"),
    "bytes that are no text": repeated("\udcff\n"),
    "blank lines": repeated("\n"),
    "blanks": repeated(" ", before="a", after="a"),
    "tabs": repeated("- \t"),
    "rules": repeated("---\n"),
}

# Parsing and rules are the same for every command. These cases are for what else they do.
EDITED = {
    "a usual session", "one long line", "nested quotes", "nested items", "sections", "empty sections", "titles", "items",
    "decisions", "log entries", "log entries in one minute", "keys", "keys of a flow map", "agents", "a block value",
    "secrets", "bytes that are no text",
}
FIXED = {
    "misspelled sections", "items that are none", "log entries backwards", "log entries of other forms",
    "keys of one name", "keys of a flow map", "suppressions of nothing", "suppressions on one line",
    "hidden characters", "hidden characters on lines",
}
CLOSED = {
    "a usual session", "items", "steps", "headings", "tables", "decisions", "files", "items that are none", "links",
}

LINT = ["lint"]
FIX = ["lint", "--fix", "--unsafe-fixes"]
LOG = ["log", "An entry.", "-s", NAME, "--state", "New."]
INSERT = ["log", "-", "-s", NAME]
CLOSE = ["close", NAME, "--dry-run"]

# Every case is linted, which is parsing, all rules, and printing what they find. These are besides
# edited, which is parsing with every proof, or shown with what would fix them, or closed.
MORE = {
    "edit": (LOG, EDITED),
    "fix": (FIX, FIXED),
    "close": (CLOSE, CLOSED),
}


def one_file(make):
    def place(folder, times):
        text = make(times) if times else session()
        path = folder / f".agents/sessions/{NAME}.md"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))

    return place


def inserted(text):
    """A case whose size is that of the text which is put in."""

    def place(folder, times):
        one_file(lambda _: session())(folder, 1)
        (folder / "stdin").write_text("Note.\n\n" + text * (BYTES * times // len(text)))

    return place


def many_sessions(change):
    def place(folder, times):
        for index in range(FILES * times):
            name = f"20251204-{index // 60 % 24:02}{index % 60:02}00-session-{index}.md"
            text = session().replace("Large", f"Session {index}")
            (folder / ".agents/sessions" / name).write_text(change(text, index))

    return place


def mentions(text):
    def place(folder, times):
        one_file(lambda _: session())(folder, 1)
        (folder / "notes.txt").write_text("Notes:\n" + text(times))

    return place


def many_mentions(folder, times):
    one_file(lambda _: session())(folder, 1)
    for index in range(2 * FILES * times):
        (folder / f"notes-{index}.txt").write_text(f"See {NAME}.\n")


def issue(text, number):
    return text.replace("  title:", f'  issue: "owner/repo#{number}"\n  title:')


OTHER = {
    "log of words": (inserted("some words "), INSERT),
    "log of headings": (inserted("# a\n\n"), INSERT),
    "log of sections": (inserted("### a\n\n## Own\n\n"), INSERT),
    "log of fences": (inserted("```\n~~~\n"), INSERT),
    "log of comments": (inserted("<!-- a\n"), INSERT),
    "log of quotes": (inserted("> "), INSERT),
    "log of backticks": (inserted("`` a ``` b\n\n"), INSERT),
    "log of secrets": (inserted(f"{TOKEN} "), INSERT),
    "list of many sessions": (many_sessions(lambda text, n: text), ["list", "--all"]),
    "lint of many sessions": (many_sessions(lambda text, n: text), ["lint"]),
    "lint of many sessions of one issue": (many_sessions(lambda text, n: issue(text, 1)), ["lint"]),
    "lint of many sessions of many issues": (many_sessions(issue), ["lint"]),
    "references on many lines": (mentions(lambda times: f"See {NAME}.\n" * LINES * times), CLOSE),
    "references on one line": (mentions(lambda times: f"See {NAME}. " * LINES * times), CLOSE),
    "references in many files": (many_mentions, CLOSE),
    "almost references": (mentions(lambda times: "20251204-143000-" * LINES * 16 * times), CLOSE),
}


def instructions(program, place, arguments, times, work):
    folder = Path(tempfile.mkdtemp(dir=work))
    (folder / ".agents/sessions").mkdir(parents=True)
    place(folder, times)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(work),
        "AGENTSESS_NOW": "2025-12-31T16:00:00Z",
        "RAYON_NUM_THREADS": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    counts, stdin = folder / "counts", folder / "stdin"
    stdin.touch()
    with stdin.open() as stdin:
        done = subprocess.run(
            ["taskset", "--cpu-list", next(CPUS), *VALGRIND, f"--log-file={counts}", program, *arguments],
            cwd=folder, env=environment, stdin=stdin, capture_output=True, timeout=300,
        )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{arguments} ended with {done.returncode}: {done.stderr[-500:]!r}")
    # A count for each thread.
    return sum(map(int, re.findall(r"Total instructions: (\d+)", counts.read_text())))


def main():
    program, *wanted = sys.argv[1:]
    cases = {f"lint of {name}": (one_file(make), LINT) for name, make in ONE_FILE.items()}
    for command, (arguments, names) in MORE.items():
        cases.update({f"{command} of {name}": (one_file(ONE_FILE[name]), arguments) for name in sorted(names)})
    cases.update(OTHER)
    cases = {name: case for name, case in cases.items() if not wanted or any(part in name for part in wanted)}
    failed = 0
    with tempfile.TemporaryDirectory() as work, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        count = lambda case, times: pool.submit(instructions, program, *case, times, work)
        starts = {}
        runs = {}
        for name, (place, arguments) in cases.items():
            if tuple(arguments) not in starts:
                starts[tuple(arguments)] = count((place, arguments), 0)
            runs[name] = starts[tuple(arguments)], *(count((place, arguments), times) for times in (1, 2))
        for name, counts in runs.items():
            start, once, twice = (count.result() for count in counts)
            once, twice = once - start, twice - start
            told = f"{name}: {once:,} and {twice:,} instructions, {twice / max(once, 1):.2f} times"
            if once < LEAST:
                failed += 1
                print(f"FAILED: {told}: too few to tell", flush=True)
            elif twice > LIMIT * once:
                failed += 1
                print(f"FAILED: {told}", flush=True)
            else:
                print(f"ok: {told}", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


sys.exit(main())
