"""Runs a program under strace: to see which calls it makes that write, to have one of them fail, or
to have the program killed as it makes it."""

import dataclasses
import os
import re
import subprocess

# A name in front of which stands `?` need not exist on every architecture.
OPENS = ("open", "openat", "openat2", "creat")
MOVES = ("rename", "renameat", "renameat2", "link", "linkat")
SYNCS = ("fsync", "fdatasync", "sync_file_range", "syncfs")
WRITES = (
    *OPENS, *MOVES, *SYNCS, "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendfile",
    "copy_file_range", "splice", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "mknod",
    "mknodat", "symlink", "symlinkat", "truncate", "ftruncate", "fallocate", "chmod", "fchmod",
    "fchmodat", "chown", "lchown", "fchown", "fchownat", "utimensat", "setxattr", "fsetxattr",
    "flock",
)  # fmt: skip
# A program that is started writes as well: it is a point to be killed at.
STARTS = ("fork", "vfork", "clone", "clone3")
# What POSIX lets a signal interrupt. The others cannot be, on a local file system.
INTERRUPTIBLE = {
    *OPENS, "write", "writev", "pwrite64", "fsync", "fdatasync", "ftruncate", "fchmod", "fchown",
}  # fmt: skip

TRACED = ",".join(f"?{name}" for name in (*WRITES, *STARTS))
# Names that are made up anew in every run.
RANDOM = re.compile(r"(?<=/)(\.agentsess-|\.entry-|edit-|\.tmp)[A-Za-z0-9]{6}(?=[./]|$)")
LINE = re.compile(r"(?:\d+ +)?(\w+)\((.*?)(?:\) += (.*))?$")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclasses.dataclass
class Call:
    """A call that writes or starts a program. Of its name it is the `number`-th, from 1, the calls
    that only read counted too."""

    name: str
    number: int
    paths: list
    data: bytes
    new: bool
    result: str

    def label(self):
        paths = " ".join(RANDOM.sub(r"\1*", path) for path in self.paths)
        return f"{self.name} {paths}".strip()


def decoded(text):
    return bytes.fromhex(text.replace("\\x", ""))


def parse(log, root):
    """The calls of a log that write or start a program, with their paths below `root`."""
    calls, counts = [], {}
    for line in log.splitlines():
        found = LINE.match(line)
        if not found:
            continue
        name, arguments, result = found.groups(default="")
        if name not in WRITES and name not in STARTS:
            continue
        counts[name] = number = counts.get(name, 0) + 1
        strings = [decoded(text) for text in STRING.findall(arguments)]
        flags = STRING.sub("", arguments)
        if name in OPENS and not re.search("O_WRONLY|O_RDWR|O_CREAT", flags):
            continue
        opened = re.match(r"\d+<([^>]*)>", arguments)
        if name in STARTS:
            paths = []
        elif opened and not name.endswith("at"):
            # Pipes have a number, and the output may be anything.
            path = decoded(opened[1]).decode() if "\\x" in opened[1] else ""
            paths = [path if path.startswith(root) else "-"]
        else:
            # Where a path is relative to a folder, the folder comes before it.
            folders = re.findall(r"\d+<((?:\\x[0-9a-f]{2})+)>", flags)
            paths = [string.decode(errors="replace") for string in strings]
            paths = [
                path if path.startswith("/") or not folders
                else f"{decoded(folders[min(at, len(folders) - 1)]).decode()}/{path}"
                for at, path in enumerate(paths)
            ]  # fmt: skip
        paths = ["." if path == root else path.removeprefix(f"{root}/") for path in paths]
        data = strings[0] if strings and name in ("write", "pwrite64") else b""
        calls.append(Call(name, number, paths, data, "O_EXCL" in flags, result))
    return calls


@dataclasses.dataclass
class Ended:
    code: int
    stdout: str
    stderr: str
    log: str


def run(command, case_root, environment, options=(), log=None):
    """Runs a command in `case_root`/project, if `log` is given under strace, and waits for it and
    for all that it started."""
    if log is not None:
        traced = ("strace", "-q", "-y", "-xx", "-o", log, "-e", f"trace={TRACED}", *options, "--")
        command = [*traced, *command]
    # Whoever outlives the command holds the pipe open.
    alive, held = os.pipe()
    try:
        with subprocess.Popen(
            command, cwd=f"{case_root}/project", env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, pass_fds=(held,),
        ) as process:  # fmt: skip
            os.close(held)
            stdout, stderr = process.communicate(timeout=60)
        os.read(alive, 1)
    finally:
        os.close(alive)
    text = ""
    if log is not None and os.path.exists(log):
        with open(log, encoding="utf-8") as file:
            text = file.read()
    return Ended(process.returncode, stdout, stderr, text)


def observe(command, case_root, environment, log):
    """Runs a command undisturbed. Returns how it ended, the calls of its main thread, and those of
    its other threads, of which there must be none: they could not be counted."""
    ended = run(command, case_root, environment, ("-ff", "-s", "16777216", "-e", "trace=execve," + TRACED), log)
    main, threads = [], []
    folder, prefix = os.path.split(log)
    for name in sorted(os.listdir(folder)):
        if not name.startswith(f"{prefix}."):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text = file.read()
        os.remove(os.path.join(folder, name))
        program = re.search(r'^execve\("([^"]*)".*= 0$', text, re.MULTILINE)
        calls = parse(text, case_root)
        if program and decoded(program[1]).decode() == command[0]:
            main = calls
        elif not program:
            threads += [call for call in calls if call.paths not in ([], ["-"])]
    return ended, main, threads


def versions(calls):
    """Every content under which a path appears in an undisturbed run, by path."""
    content, found = {}, {}
    for call in calls:
        if not call.result or call.result.startswith(("-1", "?")):
            continue
        if call.name in OPENS and call.new:
            content[call.paths[-1]] = b""
        elif call.name in ("write", "pwrite64") and call.paths[0] in content:
            content[call.paths[0]] += call.data[: int(call.result.split()[0])]
        elif call.name in MOVES:
            source, target = call.paths[0], call.paths[-1]
            for path in list(content):
                if path == source or path.startswith(f"{source}/"):
                    moved = target + path[len(source) :]
                    content[moved] = content[path]
                    found.setdefault(moved, set()).add(content[path])
    return found


def not_durable(calls):
    """Why a message of success would come too early: what was not synced before it was moved to
    its place, and folders that were not synced after one of their entries changed."""
    faults, unsynced, folders = [], set(), set()
    for call in calls:
        if call.result.startswith(("-1", "?")):
            continue
        if call.name == "write" and call.paths[0] != "-":
            unsynced.add(call.paths[0])
        elif call.name in SYNCS:
            unsynced.discard(call.paths[0])
            folders.discard(call.paths[0])
        elif call.name in MOVES and "/.entry-" not in call.paths[-1]:
            source, target = call.paths[0], call.paths[-1]
            faults += [f"{path} moved unsynced" for path in unsynced if path.startswith(source)]
            folders.add(os.path.dirname(target) or ".")
        elif call.name in ("mkdir", "mkdirat") and not RANDOM.search(call.paths[-1]):
            folders.add(os.path.dirname(call.paths[-1]) or ".")
        elif call.name in ("unlink", "unlinkat") and call.paths[-1].endswith(".md"):
            # A mark that comes back is about no session.
            if not re.search(r"/\.entry-|/edit-|/\.local/own/", call.paths[-1]):
                folders.add(os.path.dirname(call.paths[-1]))
        elif call.name == "write":
            faults += [f"{folder} not synced before the message" for folder in sorted(folders)]
            return faults
    return faults + [f"{folder} not synced" for folder in sorted(folders)]
