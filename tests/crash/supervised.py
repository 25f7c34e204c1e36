"""`run`, killed at every call with which it writes. What it has begun cannot be begun again: after a
kill the run must be known for what it is, once in the ledger and once in the session."""

import json
import os
import shutil
import subprocess
import time

import tracer

BEFORE = """
git init -q --template= -b main
agentsess new Weather --context c --next measure
"""
SCRIPT = "echo did it"
LEDGER = "project/.agents/sessions/.local/runs/ledger.json"
SESSION = "project/.agents/sessions/20251204-143000-weather.md"


class Supervised:
    def __init__(self, work, binary, environment):
        self.work = work
        self.command = [binary, "-q", "run", "--agent", "dev", "--", "sh", "-c", SCRIPT]
        self.environment = {**environment, "HOME": work}
        os.makedirs(f"{work}/before/project")
        made = self.script(f"{work}/before", BEFORE)
        if made.returncode:
            raise RuntimeError(f"run: cannot be set up: {made.stdout}{made.stderr}")
        reference = self.copy("reference")
        ended, self.calls, threads = tracer.observe(
            self.command, reference, self.environment, f"{work}/log"
        )
        if ended.code:
            raise RuntimeError(f"run: {ended.stdout}{ended.stderr}")
        self.faults = [f"a thread writes {call.label()}" for call in threads]
        self.faults += self.wrong(reference, {"completed"})

    def script(self, root, text):
        return subprocess.run(
            ["sh", "-c", text], cwd=f"{root}/project", env=self.environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def copy(self, name):
        root = os.path.join(self.work, name)
        shutil.copytree(f"{self.work}/before", root, symlinks=True)
        return root

    def killed(self, point):
        """Kills it as it makes a call. Returns that with what is wrong then."""
        root = self.copy(f"kill-{point}")
        call = self.calls[point]
        injection = f"inject={call.name}:signal=SIGKILL:when={call.number}"
        ended = tracer.run(self.command, root, self.environment, ("-e", injection), f"{root}.log")
        os.remove(f"{root}.log")
        faults = [] if ended.code == -9 else [f"not killed: exit code {ended.code}"]
        faults += self.wrong(root, {"completed", "interrupted"})
        shutil.rmtree(root)
        where = f"{call.label()} (call {point + 1} of {len(self.calls)})"
        return [(f"killed before {where}", faults)]

    def listed(self, root):
        return json.loads(self.script(root, "agentsess runs --json").stdout)["runs"]

    def wrong(self, root, statuses):
        deadline = time.monotonic() + 20
        # What it started may go on without it.
        while (runs := self.listed(root)) and runs[0]["status"] == "running":
            if time.monotonic() > deadline:
                return ["it runs for ever"]
            time.sleep(0.02)
        faults = []
        if not runs and os.path.exists(f"{root}/{LEDGER}"):
            faults.append("the ledger is there and says nothing")
        if len(runs) > 1 or any(run["status"] not in statuses for run in runs):
            faults.append(f"listed as {runs}")
        self.listed(root)
        with open(f"{root}/{SESSION}", encoding="utf-8") as file:
            lines = [line for line in file if line.startswith("Run ")]
        if len(lines) != len(runs) or any(run["id"] not in line for run, line in zip(runs, lines)):
            faults.append(f"the session says {lines} of {runs}")
        for command in ("lint", "-q run --agent dev -- true", "doctor --fix", "doctor"):
            said = self.script(root, f"agentsess {command}")
            if said.returncode:
                faults.append(f"{command}: {said.stdout}{said.stderr}")
        known = {f"{run['id']}.log" for run in self.listed(root)} | {"ledger.json", "lock"}
        left = set(os.listdir(os.path.dirname(f"{root}/{LEDGER}"))) - known
        if left:
            faults.append(f"left behind: {left}")
        return faults
