"""A file system that is really full: a small one in memory, mounted where nobody else sees it, on
which ever more pages are free until the command has enough."""

import errno
import os
import subprocess
import sys

import tracer

SIZE = "4m"
PAGE = 4096
# More than any command writes.
PAGES = 200


def namespace():
    """How a program is started that may mount; None where nobody may."""
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", "/mnt"]
    try:
        tried = subprocess.run([*own, *mount], capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return None if tried.returncode else own


def enter():
    """Starts this program again where it may mount. Returns whether it is there; if it is not,
    there is no such place."""
    if "MAY_MOUNT" in os.environ:
        return True
    own = namespace()
    if own:
        os.environ["MAY_MOUNT"] = "1"
        os.execvp(own[0], [*own, sys.executable, *sys.argv])
    return False


def fill(small, pages):
    """Leaves so many pages of the file system free."""
    filler = f"{small}/filler"
    with open(filler, "wb", buffering=0) as file:
        while True:
            try:
                if file.write(b"x" * PAGE) < PAGE:
                    break
            except OSError:
                break
        size = os.fstat(file.fileno()).st_size // PAGE * PAGE
        os.ftruncate(file.fileno(), size - pages * PAGE)


def attacks(attacked):
    """Runs the command with no page free, with one, and so on, until it succeeds. Returns each of
    these attacks with what was wrong."""
    results = []
    for pages in range(PAGES):
        small = os.path.join(attacked.work, "small")
        os.mkdir(small)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", small]
        subprocess.run(mount, check=True)
        try:
            root = attacked.copy("small/full")
            fill(small, pages)
            ended = tracer.run(attacked.command, root, attacked.variables(root))
            # What comes next has space again.
            os.remove(f"{small}/filler")
            cause = os.strerror(errno.ENOSPC)
            faults = attacked.wrongly_failed(root, ended, cause, False, False)
        finally:
            # It may be busy for a moment: whatever another thread starts has, until it runs, all open
            # that is open here.
            subprocess.run(["umount", "--lazy", small], check=True)
            os.rmdir(small)
        results.append((f"{pages} pages are free", faults))
        if ended.code == 0:
            return results
    return [*results, ("enough is free", [f"still no success with {PAGES} pages"])]
