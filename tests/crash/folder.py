"""What a folder with sessions holds, and what must be true of it whatever happened."""

import hashlib
import json
import os
import re

SESSIONS = "project/.agents/sessions"
LOCAL = f"{SESSIONS}/.local"
OWN = f"{LOCAL}/own/"
TRASHES = ("project/.git/agentsess/trash", f"{LOCAL}/trash")
# Taken and left as it comes: nothing depends on what is in it.
LOCKS = (f"{LOCAL}/lock", f"{LOCAL}/close.lock", f"{LOCAL}/runs/lock")
# What only a writer that is still at work, or was killed, has.
PASSING = re.compile(rf"/\.agentsess-[^/]*\.tmp$|/\.entry-|^{LOCAL}/(edit-|close/)|/\.tmp\w{{6}}")


def read(root):
    """Every file with its mode and bytes, by its path below `root`; of git only what is ours."""
    files = {}
    for folder, subfolders, names in os.walk(root):
        if os.path.basename(folder) == ".git":
            subfolders[:] = [name for name in subfolders if name == "agentsess"]
            continue
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                content = file.read().replace(root.encode(), b"@")
            if name == "trust.json":
                # Of what is trusted the place is a part.
                content = re.sub(rb'(?<="sha256": ")[0-9a-f]{64}', b"@", content)
            files[path[len(root) + 1 :]] = (os.stat(path).st_mode, content)
    return files


def is_session(path):
    return os.path.dirname(path) == SESSIONS and path.endswith(".md")


def in_trash(path):
    return path.startswith(TRASHES)


def state(files):
    """What counts of a folder: all but locks, what is passing, and the trash. Of a session that is
    gone it says nothing that it is used, or was begun here."""
    found = {}
    for path, content in files.items():
        if path in LOCKS or PASSING.search(path) or in_trash(path) or path.endswith("/.gitignore"):
            continue
        found[path] = content
    used = found.get(f"{LOCAL}/used")
    if used and f"{SESSIONS}/{used[1].decode().strip()}" not in found:
        del found[f"{LOCAL}/used"]
    own = [path for path in found if path.startswith(OWN)]
    for path in own:
        if f"{SESSIONS}/{path[len(OWN):]}" not in found:
            del found[path]
    return found


def trashed(files):
    """The bytes of every whole entry of the trash; and why others are not whole."""
    whole, faults = set(), []
    entries = {}
    for path, (_, content) in files.items():
        if in_trash(path) and not PASSING.search(path):
            entries.setdefault(os.path.dirname(path), {})[os.path.basename(path)] = content
    for entry, content in entries.items():
        try:
            expected = json.loads(content["entry.json"])["sha256"]
            if hashlib.sha256(content["session.md"]).hexdigest() != expected:
                faults.append(f"{entry} does not have the bytes it says")
            whole.add(content["session.md"])
        except (KeyError, ValueError) as error:
            faults.append(f"{entry} is not whole: {error!r}")
    return whole, faults


def is_record(path, content):
    if os.path.dirname(path) != f"{SESSIONS}/archive":
        return False
    try:
        return json.loads(content)["session_id"] == os.path.basename(path)[: -len(".json")]
    except ValueError:
        return False


def torn(files, known, foreign):
    """Why not every file is one that the undisturbed run has seen, whole. `known` are the contents
    by path, `foreign` the files that other programs write."""
    faults = trashed(files)[1]
    for path, (_, content) in files.items():
        # Copies in the trash have been compared with the hash they come with.
        if path in LOCKS or PASSING.search(path) or in_trash(path) or path in foreign:
            continue
        if is_record(path, content):
            # It may also say what was in the way.
            continue
        if content not in known.get(path, ()):
            faults.append(f"{path} is neither the old nor the new one: {content[-200:]!r}")
    return faults


def lost(files, before, after, known):
    """The sessions that were there and are gone, though the undisturbed run keeps them or a copy."""
    copies, kept = trashed(files)[0], trashed(after)[0]
    gone = [path for path in before if is_session(path) and path not in files]
    return [
        f"{path} is gone"
        for path in gone
        if path in after or (known[path] & kept and not known[path] & copies)
    ]
