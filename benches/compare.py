#!/usr/bin/env python3
"""Measures agentsess beside what a user would run otherwise, as whole processes, in turn.

    benches/compare.py [--quick]

Installs the others by name under target/compare: rumdl with pip, markdownlint-cli2 and remark with its
frontmatter schema and ripgrep with npm, minibeads with cargo. Prints tables in Markdown: median,
fastest run, ratio to agentsess, peak memory. A program that cannot be installed or run is named below
the tables and has no row. Unless it was quick, the tables are written to docs/performance.md, behind
those of `cargo bench --bench processes`.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = ROOT / "target" / "compare"
NPM = ["markdownlint-cli2", "remark-cli", "remark-frontmatter", "remark-lint-frontmatter-schema", "@vscode/ripgrep"]
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured -->\n", "<!-- /measured -->\n"
SESSIONS = ".agents/sessions"
# Slow ones are not run again and again.
SLOW = 5.0


def run(argv, **options):
    return subprocess.run([str(word) for word in argv], check=True, **options)


def install(failed):
    """Installs what is missing; what cannot be had is noted in `failed`."""
    HOME.mkdir(parents=True, exist_ok=True)
    quiet = {"stdout": subprocess.DEVNULL}
    steps = {
        "rumdl": lambda: (
            run([sys.executable, "-m", "venv", HOME / "venv"]),
            run([HOME / "venv/bin/pip", "install", "--quiet", "rumdl"]),
        ),
        "markdownlint-cli2": lambda: run(["npm", "install", "--silent", "--prefix", HOME, *NPM], **quiet),
        "minibeads": lambda: run(["cargo", "install", "--quiet", "--locked", "--root", HOME, "minibeads"]),
    }
    there = {
        "rumdl": HOME / "venv/bin/rumdl",
        "markdownlint-cli2": HOME / "node_modules/.bin/remark",
        "minibeads": HOME / "bin/mb",
    }
    for name, step in steps.items():
        if not there[name].exists():
            try:
                step()
            except (OSError, subprocess.CalledProcessError) as error:
                failed.append(f"{name}: {error}")


def build():
    run(["cargo", "build", "--quiet", "--release", "--locked"], cwd=ROOT)
    run(["cargo", "bench", "--quiet", "--locked", "--bench", "processes", "--", "--corpus", HOME / "corpus"], cwd=ROOT)
    return ROOT / "target/release/agentsess"


class Measured:
    def __init__(self, name, script, accepted=(0, 1)):
        self.name, self.script, self.accepted = name, script, accepted
        self.times, self.peak = [], 0

    def once(self, folder, environment, *, watched=False):
        started = time.perf_counter()
        child = subprocess.Popen(
            ["sh", "-c", f"exec {self.script}"], cwd=folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        # Watching takes time from what is watched.
        while watched and child.poll() is None:
            self.peak = max(self.peak, memory(child.pid))
            time.sleep(0.0005)
        child.wait()
        self.times.append(time.perf_counter() - started)
        if child.returncode not in self.accepted:
            raise RuntimeError(f"{self.name}: exit code {child.returncode}")


def memory(pid):
    """The most memory that a process has had so far, in KiB."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")), 0)


def compare(title, folder, programs, runs, failed):
    environment = {**os.environ, "AGENTSESS_NOW": "2025-01-13T08:00:00Z", "NO_COLOR": "1"}
    for turn in range(runs + 1):
        for program in list(programs):
            if len(program.times) > 1 and statistics.median(program.times) > SLOW:
                continue
            try:
                # The first run fills caches, too.
                program.once(folder, environment, watched=turn == 0)
            except (OSError, RuntimeError) as error:
                failed.append(str(error))
                programs.remove(program)
    table = f"\n### {title}\n\n| program | median | fastest | ratio | peak |\n|---|---:|---:|---:|---:|\n"
    ours = None
    for program in programs:
        times = program.times[1:] or program.times
        median = statistics.median(times)
        ours = ours or median
        table += (
            f"| `{program.name}` | {median * 1000:.1f} ms | {min(times) * 1000:.1f} ms "
            f"| {median / ours:.2f} | {program.peak / 1024:.1f} MiB |\n"
        )
    print(table, flush=True)
    return table


def budgets():
    """The tables of the other benchmark, with its notes on the machine."""
    bench = ["cargo", "bench", "--quiet", "--locked", "--bench", "processes"]
    text = run(bench, cwd=ROOT, capture_output=True, text=True).stdout
    print(text, flush=True)
    return text[text.index("| what") :]


def write(measured):
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"{PAGE}: no `{BEGIN.strip()}` with `{END.strip()}` behind it")
    PAGE.write_text(f"{before}{BEGIN}\n{measured}\n{END}{after}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three runs of each")
    quick = parser.parse_args().quick
    runs = 3 if quick else 15
    failed, measured = [], "" if quick else budgets()
    install(failed)
    agentsess, bin_, node = build(), HOME / "bin", HOME / "node_modules/.bin"
    corpus, rg = HOME / "corpus", next((HOME / "node_modules").glob("**/bin/rg"), "rg")
    many, large, some = (corpus / name for name in ("many", "large", "some"))
    schema = subprocess.run([agentsess, "schema", "session"], capture_output=True, check=True).stdout
    for folder in (many, large, some):
        (folder / "session.schema.json").write_bytes(schema)
        plugins = ["remark-frontmatter", ["remark-lint-frontmatter-schema", {"schemas": {"./session.schema.json": ["**/*.md"]}}]]
        (folder / ".remarkrc.json").write_text(json.dumps({"plugins": plugins}))
        (folder / ".markdownlint-cli2.yaml").write_text("config:\n  default: true\n")
        (folder / "node_modules").unlink(missing_ok=True)
        (folder / "node_modules").symlink_to(HOME / "node_modules")

    def linters(*, remark=True):
        found = [
            Measured("agentsess lint", f"{agentsess} lint {SESSIONS}"),
            Measured("cat", f"cat {SESSIONS}/*.md"),
            Measured("rg -c '^## '", f"{rg} --hidden -c '^## ' {SESSIONS}"),
            Measured("rumdl check", f"{HOME}/venv/bin/rumdl check --no-cache {SESSIONS}"),
            Measured("markdownlint-cli2", f"{node}/markdownlint-cli2 '{SESSIONS}/*.md'"),
        ]
        if remark:
            found.append(Measured("remark + schema", f"{node}/remark --frail --quiet {SESSIONS}"))
        return found

    measured += compare("10,000 sessions of 3.2 KB", many, linters(remark=False), runs, failed)
    measured += compare("500 of them", some, linters(), runs, failed)
    measured += compare("One session of 5 MB", large, linters(remark=False), runs, failed)

    beads = HOME / "beads"
    if not beads.exists() and (bin_ / "mb").exists():
        beads.mkdir()
        run(["git", "init", "--quiet"], cwd=beads)
        run([bin_ / "mb", "init"], cwd=beads, stdout=subprocess.DEVNULL)
        for number in range(500):
            run([bin_ / "mb", "create", f"Issue {number}"], cwd=beads, stdout=subprocess.DEVNULL)
    measured += compare(
        "Listing 500", some,
        [Measured("agentsess list", f"{agentsess} list"),
         Measured("mb list", f"sh -c 'cd {beads} && exec {bin_}/mb list'")],
        runs * 4, failed,
    )  # fmt: skip
    name = sorted((some / SESSIONS).glob("*.md"))[0].stem
    measured += compare(
        "Writing one entry", some,
        [Measured("agentsess log", f"{agentsess} log -s {name} 'The fallback answers.'"),
         Measured("mb create", f"sh -c 'cd {beads} && exec {bin_}/mb create Another'")],
        runs * 4, failed,
    )  # fmt: skip
    for why in failed:
        print(f"\nnot measured: {why}")
        measured += f"\nNot measured: {why}\n"
    if not quick:
        write(measured)


if __name__ == "__main__":
    main()
