// Calls the plugin as OpenCode would, with a shell that runs what it is given, and prints what reaches
// the model.
import { execFileSync } from "node:child_process"
import { copyFileSync } from "node:fs"
import assert from "node:assert"

// Node takes a file for a module by its name.
const copy = `${process.cwd()}/../plugin.mjs`
copyFileSync(process.argv[2], copy)
const { Agentsess } = await import(copy)

const calls = []
// A shell like that of Bun: words and values, of which the last is standard input.
const $ = (parts, ...values) => {
  const line = parts.reduce((all, part, at) => all + part + (at < values.length - 1 ? values[at] : ""), "")
  const [program, ...words] = line.replace(/<\s*$/, "").trim().split(/\s+/)
  const run = async () => {
    const input = await values.at(-1).text()
    calls.push([...words, JSON.parse(input)])
    return execFileSync(program, words, { input, encoding: "utf8" })
  }
  const command = { nothrow: () => command, quiet: () => command, text: run }
  return command
}

const plugin = await Agentsess({ $, directory: process.cwd() })
const system = []
await plugin["experimental.chat.system.transform"]({ sessionID: "s" }, { system })
assert.equal(system.length, 1)
const context = []
await plugin["experimental.session.compacting"]({ sessionID: "s" }, { context })
const output = { env: {} }
await plugin["shell.env"]({ sessionID: "s" }, output)
assert.deepEqual(output.env, { AGENTSESS_CONVERSATION: "s" })
await plugin.event({ event: { type: "session.deleted", properties: { info: { id: "s" } } } })
await plugin.event({ event: { type: "session.idle", properties: {} } })
assert.deepEqual(
  calls.map((call) => call[1]),
  ["session-start", "pre-compact", "session-end"],
)
for (const call of calls) {
  assert.deepEqual(call.slice(2, 4), ["--host", "opencode"])
  assert.equal(call.at(-1).session_id, "s")
  assert.equal(call.at(-1).cwd, process.cwd())
}
assert.equal(calls[0].at(-1).source, "startup")
console.log(system.join("\n"))
