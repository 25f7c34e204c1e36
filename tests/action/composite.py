"""Runs the steps of the composite action as GitHub's runner does: each script with bash, the inputs
in its environment. Arguments: NAME=VALUE for each input. Exits with the code of the first step that
fails."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from ruamel.yaml import YAML

FOLDER = Path(__file__).resolve().parents[2]

action = YAML(typ="safe").load(FOLDER / "action.yml")
given = dict(argument.split("=", 1) for argument in sys.argv[1:])
unknown = given.keys() - action["inputs"].keys()
assert not unknown, f"no such input: {unknown}"
values = {"github.action_path": str(FOLDER)}
for name, declared in action["inputs"].items():
    values[f"inputs.{name}"] = given.get(name, declared["default"])


def fill(text):
    return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda match: values[match[1]], text)


with tempfile.TemporaryDirectory() as temporary:
    environment = {"RUNNER_TEMP": temporary, **os.environ}
    for step in action["runs"]["steps"]:
        assert step["shell"] == "bash" and set(step) <= {"name", "shell", "env", "run"}, step
        # What is written into a script is run.
        assert "${{" not in step["run"], step["run"]
        script = Path(temporary, "step.sh")
        script.write_text(step["run"])
        own = {name: fill(value) for name, value in step["env"].items()}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        code = subprocess.run(command, env={**environment, **own}).returncode
        if code:
            sys.exit(code)
