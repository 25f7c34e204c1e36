"""One command, attacked at every call that it makes to write."""

import errno
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess

import folder
import tracer

DISK = ("EIO", "ENOSPC", "EACCES", "EROFS")
# What a message says that comes too late for "it failed".
TOOK_EFFECT = ("was carried out", "stays changed", "did not come back from the trash")
NEXT = "agentsess new 'The next one' --context c --next n"


def errors(call, point):
    """The errors with which a call is made to fail: all, or if it is told the how many-th it is, one
    of those of disks and, where that can be, an interruption."""
    if call.name in tracer.STARTS:
        return ()
    if point is None:
        return (*DISK, "EINTR")
    interrupted = ("EINTR",) if call.name in tracer.INTERRUPTIBLE else ()
    return (DISK[point % len(DISK)], *interrupted)


class Attack:
    """A case with what an undisturbed run of it does."""

    def __init__(self, case, work, binary, environment):
        self.case, self.work = case, work
        self.binary, self.environment = binary, environment
        self.command = [binary, *shlex.split(case.command)[1:]]
        self.pristine = os.path.join(work, "before")
        self.faults = []
        # The outlines of folders in which nothing was wrong.
        self.right = set()
        os.makedirs(f"{self.pristine}/project")
        # Few files are copied faster.
        packed = f"{case.before}\ngit repack -a -d -q"
        made = self.script(self.pristine, packed, "set -e")
        if made.returncode:
            raise RuntimeError(f"{case.name}: cannot be set up: {made.stdout}{made.stderr}")
        reference = self.copy("reference")
        self.before = folder.read(reference)
        ended, self.calls, threads = tracer.observe(
            self.command, reference, self.variables(reference), f"{work}/log"
        )
        if ended.code:
            raise RuntimeError(f"{case.name}: {ended.stdout}{ended.stderr}")
        self.faults += [f"a thread writes {call.label()}" for call in threads]
        self.faults += tracer.not_durable(self.calls)
        self.after = folder.read(reference)
        if folder.state(self.after) == folder.state(self.before) and case.name != "doctor --fix":
            self.faults.append("the undisturbed run changes nothing")
        if self.script(reference, case.done).returncode:
            self.faults.append("the undisturbed run is not done")
        self.known = self.contents(reference)
        self.complaints = {
            (problem["kind"], problem["path"]) for problem in self.doctor(reference)
        }
        shutil.rmtree(reference)

    def contents(self, root):
        known = {}
        for path, found in tracer.versions(self.calls).items():
            known[path] = {content.replace(root.encode(), b"@") for content in found}
        for files in (self.before, self.after):
            for path, (_, content) in files.items():
                known.setdefault(path, set()).add(content)
        return known

    def variables(self, root):
        return {
            **self.environment,
            **self.case.variables,
            "HOME": f"{root}/home",
            "XDG_STATE_HOME": f"{root}/state",
        }

    def copy(self, name):
        """A copy of the folder as it is before."""
        root = os.path.join(self.work, name)
        shutil.copytree(self.pristine, root, symlinks=True)
        if self.case.here != "true":
            self.script(root, self.case.here)
        return root

    def script(self, root, text, first=""):
        # Whatever is left of the command has ended once nobody holds the output.
        return subprocess.run(
            ["sh", "-c", f"{first}\n{text}"], cwd=f"{root}/project", env=self.variables(root),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def doctor(self, root, *options):
        said = self.script(root, " ".join(["agentsess doctor --json", *options]))
        return json.loads(said.stdout)["problems"]

    def where(self, point):
        return f"{self.calls[point].label()} (call {point + 1} of {len(self.calls)})"

    def killed(self, point):
        """Kills the command as it makes a call. Returns that with what is wrong then."""
        root = self.copy(f"kill-{point}")
        call = self.calls[point]
        injection = f"inject={call.name}:signal=SIGKILL:when={call.number}"
        ended = self.disturbed(root, injection)
        faults = self.missed(ended, point, root)
        if ended.code != -9 or "killed by SIGKILL" not in ended.log:
            faults.append(f"not killed: exit code {ended.code}")
        if not faults:
            faults = self.wrong(root)
        shutil.rmtree(root)
        return [(f"killed before {self.where(point)}", faults)]

    def failed(self, point, error):
        """Has a call fail. Returns that with what is wrong then."""
        root = self.copy(f"{error}-{point}")
        call = self.calls[point]
        ended = self.disturbed(root, f"inject={call.name}:error={error}:when={call.number}")
        faults = self.missed(ended, point, root)
        if ended.log.count("(INJECTED)") != 1:
            faults.append("nothing was injected")
        if not faults:
            interrupted = error == "EINTR" and call.name in tracer.INTERRUPTIBLE
            cause = os.strerror(getattr(errno, error))
            removing = call.name in ("unlink", "unlinkat", "rmdir")
            faults = self.wrongly_failed(root, ended, cause, interrupted, removing)
        shutil.rmtree(root)
        return [(f"{error} from {self.where(point)}", faults)]

    def disturbed(self, root, injection):
        # Where there is only one thread to follow, a filter in the kernel can let all other calls
        # pass at full speed. It lets signals pass as well.
        alone = all(call.name not in tracer.STARTS for call in self.calls)
        options = ("-f", "--seccomp-bpf") if alone and ":error=" in injection else ()
        options += ("-s", "1", "-e", injection)
        return tracer.run(self.command, root, self.variables(root), options, f"{root}.log")

    def missed(self, ended, point, root):
        """Whether another call was hit than the one that was meant."""
        os.remove(f"{root}.log")
        lines = ended.log.splitlines()
        hit = re.compile(r"INJECTED|= \?$|<unfinished \.\.\.>$")
        hits = [at for at, line in enumerate(lines) if hit.search(line)]
        hit = lines[: hits[0] + 1] if hits else lines
        made = [call.label() for call in tracer.parse("\n".join(hit), root)]
        meant = [call.label() for call in self.calls[: point + 1]]
        if made == meant:
            return []
        return [f"another call was reached: {made[-1:]}, not {meant[-1:]}"]

    def wrongly_failed(self, root, ended, cause, must_succeed, removing):
        faults = []
        files = folder.read(root)
        said = ended.stderr
        now, old, new = map(folder.state, (files, self.before, self.after))
        if ended.code == 0:
            warned = self.case.warns and "warning: " in said and cause in said
            if now != new and not removing and not warned:
                faults.append(f"success, but {differences(now, new)}")
        elif ended.code != 2 and "git did not make the commit" not in said:
            faults.append(f"exit code {ended.code}: {said}")
        elif must_succeed:
            faults.append(f"not tried again: {said}")
        else:
            error, hint = re.search("^error: (.*)", said, re.M), re.search("^hint: .", said, re.M)
            # The last is how git says it.
            refused = "git did not make the commit" in said
            told = cause in said or refused or "Out of diskspace" in said
            if not error or not told or not hint:
                faults.append(f"no cause or no remedy: {said}")
            elif not (refused or self.names_a_path(error[1], root)):
                faults.append(f"no path: {said}")
            elif "nothing was changed" in said and now != old:
                faults.append(f"it says that nothing was changed: {differences(now, old)}")
            elif now == new != old and not any(word in said for word in TOOK_EFFECT):
                faults.append(f"it does not say that it took effect: {said}")
        left = [path for path in files if folder.PASSING.search(path) and path not in self.before]
        left = [path for path in left if "/close/" not in path]
        if "your text is in" in said:
            left = [path for path in left if "/edit-" not in path]
        if left and not removing:
            faults.append(f"left behind: {left}")
        # What has not changed at all needs no further proof, nor does a folder that, to the last
        # byte, another attack has left and that proved right. Of git's own files nothing is known.
        proven = self.case.done == "true" and self.outline(files) in self.right
        if faults or proven or (ended.code and self.same(files, self.before)):
            return faults
        return self.wrong(root)

    @staticmethod
    def outline(files):
        """What tells a folder from another one, but for names that are made up anew."""
        return frozenset(
            (tracer.RANDOM.sub(r"\1*", path), content)
            for path, content in files.items()
            if path not in folder.LOCKS
        )

    @staticmethod
    def same(files, others):
        """Whether nothing differs but what taking the lock leaves."""
        def kept(files):
            left_out = (*folder.LOCKS, f"{folder.LOCAL}/.gitignore")
            return {path: content for path, content in files.items() if path not in left_out}

        return kept(files) == kept(others)

    @staticmethod
    def names_a_path(error, root):
        """Whether it has the path of a file or folder that may be gone by now, but not all that
        leads there."""
        words = re.findall(r"[^\s`'\":;,]+", error)
        paths = [pathlib.Path(root, "project", word) for word in words[:1] + words if "/" in word]
        place = error.split(": ")[0]
        paths += [pathlib.Path(root, "project", place)] if " " not in place else []
        near = (folder for path in paths for folder in (path, *list(path.parents)[:2]))
        known = any(path.exists() and path.is_relative_to(root) for path in near)
        return known or "standard output" in error

    def wrong(self, root):
        """What is wrong in a folder in which the command was stopped."""
        files = folder.read(root)
        outline = self.outline(files)
        faults = folder.torn(files, self.known, self.case.foreign)
        faults += folder.lost(files, self.before, self.after, self.known)
        if faults:
            return faults
        complete = folder.state(files) == folder.state(self.after)
        if complete and not self.script(root, self.case.done).returncode:
            said = self.script(root, NEXT)
            repeated = False
        else:
            said = self.script(root, self.case.resume or self.case.command, "set -e")
            repeated = True
        if said.returncode:
            return [f"the next command fails: {said.stdout}{said.stderr}"]
        if repeated:
            files = folder.read(root)
            now, new = folder.state(files), folder.state(self.after)
            if now != new:
                faults.append(f"going on leads elsewhere: {differences(now, new)}")
            if self.script(root, self.case.done).returncode:
                faults.append("going on does not get it done")
            missing = folder.trashed(self.after)[0] - folder.trashed(files)[0]
            if missing:
                faults.append("going on leaves no copy in the trash")
        faults += self.not_clean(root)
        if not faults:
            self.right.add(outline)
        return faults

    def not_clean(self, root):
        """What `doctor` cannot remove."""
        # An editor may still be open, which is believed for a day.
        for draft in pathlib.Path(root, "project/.agents/sessions/.local").glob("edit-*"):
            for path in [*draft.iterdir(), draft]:
                os.utime(path, (0, 0))
        faults, problems = [], self.doctor(root, "--fix")
        for problem in problems:
            if (problem["kind"], problem["path"]) in self.complaints:
                continue
            remedy = re.search(r"(rm -r \S+)$", problem["help"])
            if problem["kind"] == "stranded-draft" and self.case.name == "edit" and remedy:
                self.script(root, remedy[1])
            elif not problem["fixed"]:
                faults.append(f"doctor complains: {problem}")
        if problems:
            known = self.complaints
            left = [one for one in self.doctor(root) if (one["kind"], one["path"]) not in known]
            faults += [f"doctor still complains: {problem}" for problem in left]
        files = folder.read(root)
        for path in files:
            passing = folder.PASSING.search(path) and path not in self.after
            own = path in self.known or path in folder.LOCKS or path in self.case.foreign
            if passing or not (own or "the-next-one" in path or folder.in_trash(path)):
                faults.append(f"left behind: {path}")
        return faults + folder.trashed(files)[1]


def differences(now, wanted):
    """The files in which two states differ."""
    paths = sorted(path for path in {*now, *wanted} if now.get(path) != wanted.get(path))
    return f"differs in {', '.join(paths)}"
