// Written by `agentsess init`. Passes on what `agentsess hook EVENT --host opencode` says.
export const Agentsess = async ({ $, directory }) => {
  const told = new Set()
  const hook = async (event, id, more = {}) => {
    const payload = JSON.stringify({ session_id: id, cwd: directory, ...more })
    const command = $`agentsess hook ${event} --host opencode < ${new Response(payload)}`
    return (await command.nothrow().quiet().text()).trim()
  }
  return {
    "experimental.chat.system.transform": async (input, output) => {
      const source = told.has(input.sessionID) ? "resume" : "startup"
      told.add(input.sessionID)
      const text = await hook("session-start", input.sessionID, { source })
      if (text) output.system.push(text)
    },
    "experimental.session.compacting": async (input, output) => {
      const text = await hook("pre-compact", input.sessionID)
      if (text) output.context.push(text)
    },
    "shell.env": async (input, output) => {
      if (input.sessionID) output.env.AGENTSESS_CONVERSATION = input.sessionID
    },
    event: async ({ event }) => {
      if (event.type === "session.deleted") await hook("session-end", event.properties.info.id)
    },
  }
}
