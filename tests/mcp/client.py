"""Uses every tool, resource and prompt of `agentsess mcp` with the official client for Python.

The client itself holds what a tool answers against the schema that the tool gave, and fails if it
does not fit. The argument is the era to speak: legacy or modern.
"""

import asyncio
import sys

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

MODES = {"legacy": ("legacy", "2025-11-25"), "modern": ("auto", "2026-07-28")}

# Each call with a part of what it answers, and whether it is refused.
CALLS = [
    ("session_new", {"title": "Rate limits", "context": "c", "next": ["count"]}, "created", False),
    ("session_list", {"limit": 1}, "… and 1 more", False),
    ("session_show", {"session": "rate"}, "# Rate limits", False),
    ("session_show", {"session": "rate", "full": True}, "title: \"Rate limits\"", False),
    ("session_log", {"session": "rate", "message": "Counted."}, "logged rate-limits", False),
    ("session_log", {"message": "Counted."}, "missing field `session`", True),
    ("session_update", {"session": "rate", "state": "Five.", "status": "in_progress"}, "updated", False),
    ("session_done", {"session": "rate", "items": ["count"]}, "1/1", False),
    ("session_handoff", {"session": "rate", "to": "reviewer", "state": "Six."}, "Go on with:", False),
    ("session_resume", {"session": "rate"}, "handed over to reviewer", True),
    ("session_resume", {"session": "rate", "agent": "reviewer"}, "resumed rate-limits", False),
    ("session_lint", {"sessions": ["rate", "weather"]}, "Checked 2 files", False),
    ("session_close_check", {"session": "weather"}, "is not closed", False),
    ("session_close", {"session": "weather"}, "is not closed", True),
    ("session_close", {"session": "rate"}, "undo: agentsess restore", False),
]


async def main(era):
    mode, version = MODES[era]
    server = StdioServerParameters(command="agentsess", args=["mcp"])
    async with Client(stdio_client(server), mode=mode) as client:
        assert client.protocol_version == version, client.protocol_version
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert tools == {name for name, *_ in CALLS}, tools
        for name, arguments, part, refused in CALLS:
            result = await client.call_tool(name, arguments)
            text = result.content[0].text
            assert result.is_error == refused and part in text, (name, arguments, text)
            assert refused or result.structured_content["schema_version"] == 1, name

        listed = (await client.list_resources()).resources
        templates = (await client.list_resource_templates()).resource_templates
        assert [template.name for template in templates] == ["session", "section"], templates
        address = str(listed[0].uri)
        resources = {address: "# Session:", address + "/next-steps": "Measure the share"}
        for uri, part in resources.items():
            contents = (await client.read_resource(uri)).contents
            assert part in contents[0].text, (uri, contents)

        prompts = (await client.list_prompts()).prompts
        for prompt in prompts:
            result = await client.get_prompt(prompt.name, {"session": "weather"})
            assert "Weather fallback" in result.messages[0].content.text, result
    print(f"{len(tools)} tools, {len(resources)} resources, {len(prompts)} prompts")


asyncio.run(main(sys.argv[1]))
