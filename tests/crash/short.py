"""Short writes, which no tracer makes: a library in front of the C library's has every write take
half of what it is given."""

import os
import shutil
import subprocess

import folder
import tracer

SOURCE = """
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <unistd.h>
ssize_t write(int file, const void *bytes, size_t size) {
    return syscall(SYS_write, file, bytes, size > 1 ? size / 2 : size);
}
"""


def library(work):
    path = os.path.join(work, "short.so")
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", path],
        input=SOURCE, text=True, check=True,
    )  # fmt: skip
    return path


def attacks(attack, preload):
    """Runs the command with every write a short one. Returns that with what was wrong."""
    root = attack.copy("short")
    ended = tracer.run(
        attack.command, root, attack.variables(root), ("-E", f"LD_PRELOAD={preload}", "-s", "1"),
        f"{root}.log",
    )  # fmt: skip
    writes = sum(call.name == "write" for call in tracer.parse(ended.log, root))
    if ended.code:
        faults = [f"exit code {ended.code}: {ended.stderr}"]
    elif writes <= sum(call.name == "write" for call in attack.calls):
        faults = ["no write was short"]
    elif folder.state(folder.read(root)) != folder.state(attack.after):
        faults = ["the result is another one"]
    else:
        faults = []
    shutil.rmtree(root)
    return [("every write is short", faults)]
