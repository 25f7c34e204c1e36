"""Runs agentsess over bad fixtures and hostile files and has each format judged by its readers.

Called by `run`, which installs them: judge.py AGENTSESS FIXTURES TOOLS WORK
"""

import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
import urllib.parse

import jsonschema
import junitparser
from lxml import etree

AGENTSESS, FIXTURES, TOOLS, WORK = sys.argv[1:]
HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(TOOLS, "node_modules")
FORMATS = ["full", "concise", "agent", "json", "github", "gitlab", "sarif", "junit"]
passed = failed = 0


def check(what, ok, detail=""):
    global passed, failed
    if ok:
        passed += 1
        print(f"ok: {what}")
    else:
        failed += 1
        print(f"FAILED: {what}\n    {detail}")


def run(*arguments, **options):
    return subprocess.run(arguments, capture_output=True, check=False, **options)


def project(name, files):
    """A repository with these session files, by name in bytes."""
    folder = os.path.join(WORK, name)
    sessions = os.path.join(folder, ".agents/sessions")
    os.makedirs(sessions)
    run("git", "init", "--quiet", folder)
    for file, content in files.items():
        with open(os.path.join(os.fsencode(sessions), file), "wb") as out:
            out.write(content)
    return folder


def lint(folder, form, *arguments):
    result = run(AGENTSESS, "lint", "--output-format", form, *arguments, cwd=folder)
    return result.returncode, result.stdout, result.stderr.decode()


def fixtures():
    with os.scandir(FIXTURES) as entries:
        return {os.fsencode(e.name): open(e.path, "rb").read() for e in entries}


def hostile():
    """Names and content that mean something to whoever reads a report carelessly."""
    text = (
        "---\nsession:\n  title: \"]]>&lt;<b>\"\n  status: 'a\x1b[31m::error::%0A,b]]>'\n"
        "  created: \u202e2025\nx: \"::set-output name=a::b\"\n---\n\n## Contexts\n\x00\r\n\n"
        "## Next Steps]]><x a='\"'>\n\n- [ ] \u2066%25 \ufffe\uffff ::error::x\n"
    ).encode()
    names = [
        "20251204-143000-a,b:c%d::e.md",
        "line\nbreak\r.md",
        "::error file=x::y.md",
        "esc\x1b[31m\x07.md",
        "bidi\u202e\u2066.md",
        "<a&b>\"'.md",
        "]]>.md",
        "100%25%0A.md",
        "日本 \U0001f469\u200d\U0001f4bb.md",
        "noncharacter\uffff.md",
    ]
    files = {name.encode(): text for name in names}
    files[b"invalid-\xff\xfe.md"] = b"\xff\xfe\x00" + text
    return files


def has_raw_control(output):
    """Whether anything but line breaks is there that a terminal acts on."""
    harmful = set("\u061c\u200e\u200f\u2028\u2029\ufeff") | {chr(c) for c in range(0x202A, 0x202F)}
    harmful |= {chr(c) for c in range(0x2066, 0x206A)}
    text = output.decode()
    return [c for c in text if c in harmful or (unicodedata.category(c) == "Cc" and c != "\n")]


def judge_sarif(name, output, count):
    path = os.path.join(WORK, f"{name}.sarif")
    with open(path, "wb") as out:
        out.write(output)
    tool = os.path.join(MODULES, ".bin/sarif-multitool")
    report = os.path.join(WORK, f"{name}.validation.sarif")
    result = run("node", tool, "validate", path, "--output", report, "--log", "ForceOverwrite")
    said = result.stdout.decode() + result.stderr.decode()
    results = json.load(open(report))["runs"][0].get("results", [])
    bad = [r for r in results if r.get("level", "warning") != "note"]
    # It wants a web address of the tool, which has none. The spelling is the validator's.
    bad = [r for r in bad if r["message"]["id"] != "Warning_ProvideToolnformationUri"]
    ok = result.returncode == 0 and "Analysis completed successfully" in said and not bad
    check(f"{name}: the SARIF validator has no complaint", ok, said + json.dumps(bad)[:2000])

    log = json.loads(output)
    schema = os.path.join(MODULES, "@microsoft/sarif-multitool-linux/sarif-2.1.0.json")
    if sys.platform == "darwin":
        schema = schema.replace("-linux/", "-darwin/")
    errors = list(jsonschema.Draft202012Validator(json.load(open(schema))).iter_errors(log))
    check(f"{name}: SARIF fits the official schema", not errors, str(errors[:1]))

    results = log["runs"][0]["results"]
    uris = {
        place["physicalLocation"]["artifactLocation"]["uri"]
        for result in results
        for place in result["locations"]
    }
    folder = os.fsencode(os.path.join(WORK, name))
    paths = [os.path.join(folder, urllib.parse.unquote_to_bytes(uri)) for uri in uris]
    missing = [path for path in paths if not os.path.lexists(path)]
    check(f"{name}: SARIF has all {count} findings and its URIs lead to the files",
          len(results) == count and not missing, str(missing))
    prints = [json.dumps(r["partialFingerprints"]) for r in results]
    check(f"{name}: SARIF fingerprints are unique", len(set(prints)) == len(prints))


def judge_junit(name, output, count):
    parser = etree.XMLParser(resolve_entities=False)
    document = etree.fromstring(output, parser)
    schema = etree.XMLSchema(etree.parse(os.path.join(TOOLS, "junit/junit-10.xsd")))
    ok = schema.validate(document)
    check(f"{name}: JUnit fits the schema of Jenkins", ok, str(schema.error_log)[:2000])
    suites = junitparser.JUnitXml.fromstring(output)
    cases = [case for suite in suites for case in suite]
    found = [case for case in cases if case.result]
    counts = (suites.tests, suites.failures)
    expected = (len(cases), sum(isinstance(c.result[0], junitparser.Failure) for c in found))
    check(f"{name}: JUnit has all {count} findings and counts them right",
          len(found) == count and counts == expected, f"{len(found)} {counts} {expected}")


def judge_gitlab(name, output, count):
    path = os.path.join(WORK, f"{name}.gitlab.json")
    with open(path, "wb") as out:
        out.write(output)
    checker = os.path.join(os.path.dirname(sys.executable), "check-jsonschema")
    result = run(checker, "--schemafile", os.path.join(HERE, "codequality.schema.json"), path)
    check(f"{name}: the Code Quality report has the documented fields",
          result.returncode == 0, result.stdout.decode()[:2000])
    entries = json.loads(output)
    prints = {entry["fingerprint"] for entry in entries}
    check(f"{name}: all {count} have a fingerprint of their own",
          len(entries) == count == len(prints))


# GitHub's runner is in no registry: this is the reverse of the escapes that its documentation and
# its library, @actions/core, name. The library then writes the same command again.
COMMAND = re.compile(r"::(\w+) ([^:]*)::(.*)")
ESCAPES = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]


def unescaped(text, escapes):
    for escape, character in escapes:
        text = text.replace(escape, character)
    return text


def judge_github(name, output, count):
    lines = output.decode().split("\n")
    commands, rest = lines[:count], lines[count:]
    parsed = []
    for line in commands:
        match = COMMAND.fullmatch(line)
        if not match:
            check(f"{name}: each finding is a command", False, line)
            return
        pairs = [pair.split("=", 1) for pair in match[2].split(",")]
        parsed.append({
            "command": match[1],
            "properties": {key: unescaped(value, ESCAPES) for key, value in pairs},
            "message": unescaped(match[3], ESCAPES[:2] + ESCAPES[4:]),
        })
    check(f"{name}: each of {count} findings is a command, and one line of text is last",
          len(rest) == 2 and rest[0].startswith("Checked ") and rest[1] == "", str(rest))
    core = os.path.join(MODULES, "@actions/core/lib/command.js")
    written = run("node", os.path.join(HERE, "issue.mjs"), core,
                  input="\n".join(map(json.dumps, parsed)).encode())
    check(f"{name}: GitHub's library writes the same commands",
          written.stdout.decode().split("\n")[:-1] == commands, written.stderr.decode())
    severities = [command["command"] for command in parsed]
    check(f"{name}: errors come before warnings", severities == sorted(severities))
    files = {command["properties"]["file"] for command in parsed}
    # What a log may not hold is replaced; nothing else is.
    exact = [file for file in files if not re.search("[␀-␡\ufffd]", file)]
    folder = os.path.join(WORK, name)
    missing = [file for file in exact if not os.path.exists(os.path.join(folder, file))]
    check(f"{name}: the files of the annotations exist", exact and not missing, str(missing))


JUDGES = {
    "github": judge_github,
    "gitlab": judge_gitlab,
    "sarif": judge_sarif,
    "junit": judge_junit,
}


def judge(name, files):
    folder = project(name, files)
    code, output, _ = lint(folder, "json")
    findings = json.loads(output)["findings"]
    count = len(findings)
    check(f"{name}: lint finds errors", code == 1 and count > len(files), f"exit {code}")
    _, output, _ = lint(folder, "sarif")
    fixes = [result["fixes"] for result in json.loads(output)["runs"][0]["results"]]
    editable = [bool(f["fix"] and f["fix"]["edits"] is not None) for f in findings]
    check(f"{name}: SARIF has the fixes that JSON has", list(map(bool, fixes)) == editable)
    for form in FORMATS:
        code, output, said = lint(folder, form)
        check(f"{name}: {form} prints no control character and exits 1",
              code == 1 and not has_raw_control(output), f"{code} {has_raw_control(output)}")
        machine = form in ("json", "gitlab", "sarif", "junit")
        summary = said if machine else output.decode()
        check(f"{name}: {form} says how many files were checked",
              f"Checked {len(files)} files: " in summary, said)
        report = os.path.join(folder, "report")
        lint(folder, form, "--output-file", report)
        with open(report, "rb") as file:
            written = file.read()
        # The command to go on with is the one that was run, so it names the file too.
        same = written.split(b"\nhint: ")[0] == output.split(b"\nhint: ")[0]
        check(f"{name}: {form} writes the same to a file", same)
        if form in JUDGES:
            JUDGES[form](name, output, count)


judge("fixtures", fixtures())
judge("hostile", hostile())

for form in ["sarif", "junit", "gitlab"]:
    name = f"nothing-{form}"
    code, output, _ = lint(project(name, {}), form)
    check(f"{name}: exits 0", code == 0)
    JUDGES[form](name, output, 0)

# A file that cannot be read is neither left out nor a finding.
unreadable = project("unreadable", {})
os.symlink("nowhere", os.path.join(unreadable, "link,]]>\x1b.md"))
_, output, _ = lint(unreadable, "sarif", "link,]]>\x1b.md")
judge_sarif("unreadable", output, 0)
invocation = json.loads(output)["runs"][0]["invocations"][0]
check("unreadable: SARIF has a notification and no success",
      len(invocation["toolExecutionNotifications"]) == 1
      and not invocation["executionSuccessful"], str(invocation))
code, output, _ = lint(unreadable, "junit", "link,]]>\x1b.md")
judge_junit("unreadable", output, 1)
check("unreadable: JUnit has an error, and the exit code is 2",
      junitparser.JUnitXml.fromstring(output).errors == 1 and code == 2, f"exit {code}")

print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
