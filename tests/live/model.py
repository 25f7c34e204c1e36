"""A model that says what it is told to, behind the APIs that agents call: Anthropic Messages, OpenAI
Responses and Chat Completions, Gemini.

model.py FOLDER serves on a port of the loopback interface, which it writes to FOLDER/port. The body
of each request goes to FOLDER/requests/NUMBER, below its path. The model says `Done.`, once it has made
the calls that are in FOLDER/calls, if that is there: a JSON list of objects with `name`, `arguments`
and, for OpenAI Responses, perhaps `namespace`.
"""

import http.server
import itertools
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
numbers = itertools.count(1)
WORDS = "Done."
USAGE = {"input_tokens": 1, "output_tokens": 1}


def calls_after(answered):
    """The call that is to be made: as many have been made as were answered."""
    script = folder / "calls"
    calls = json.loads(script.read_text()) if script.exists() else []
    return calls[answered] if answered < len(calls) else None


def responses(request):
    """OpenAI Responses."""
    answered = sum(item.get("type") == "function_call_output" for item in request["input"])
    call = calls_after(answered)
    if call:
        item = {"type": "function_call", "id": f"fc-{answered}", "call_id": f"call-{answered}",
                **call, "arguments": json.dumps(call["arguments"])}
    else:
        item = {"type": "message", "id": "m", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": WORDS, "annotations": []}]}
    usage = USAGE | {"total_tokens": 2, "input_tokens_details": None, "output_tokens_details": None}
    response = {"id": "r", "object": "response", "status": "in_progress", "output": []}
    done = response | {"status": "completed", "output": [item], "usage": usage}
    yield "response.created", {"response": response}
    yield "response.output_item.added", {"output_index": 0, "item": item}
    yield "response.output_item.done", {"output_index": 0, "item": item}
    yield "response.completed", {"response": done}


def messages(request):
    """Anthropic Messages."""
    said = [part for message in request["messages"] for part in message["content"]]
    answered = sum(isinstance(part, dict) and part["type"] == "tool_result" for part in said)
    call = calls_after(answered) if request.get("tools") else None
    if call:
        block = {"type": "tool_use", "id": f"toolu_{answered}", "name": call["name"], "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(call["arguments"])}
    else:
        block = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": WORDS}
    stop = {"stop_reason": "tool_use" if call else "end_turn", "stop_sequence": None}
    head = {"id": "m", "type": "message", "role": "assistant", "model": request["model"],
            "content": [], "stop_reason": None, "stop_sequence": None, "usage": USAGE}
    yield "message_start", {"message": head}
    yield "content_block_start", {"index": 0, "content_block": block}
    yield "content_block_delta", {"index": 0, "delta": delta}
    yield "content_block_stop", {"index": 0}
    yield "message_delta", {"delta": stop, "usage": USAGE}
    yield "message_stop", {}


def completions(request):
    """OpenAI Chat Completions."""
    answered = sum(message["role"] == "tool" for message in request["messages"])
    call = calls_after(answered) if request.get("tools") else None
    delta, reason = {"role": "assistant", "content": WORDS}, "stop"
    if call:
        function = {"name": call["name"], "arguments": json.dumps(call["arguments"])}
        tool = {"index": 0, "id": f"call-{answered}", "type": "function", "function": function}
        delta, reason = {"role": "assistant", "content": None, "tool_calls": [tool]}, "tool_calls"
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": request["model"]}
    for delta, reason in [(delta, None), ({}, reason)]:
        yield None, chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    yield None, chunk | {"choices": [], "usage": usage}


def content(request):
    """Gemini."""
    parts = [part for message in request["contents"] for part in message["parts"]]
    answered = sum("functionResponse" in part for part in parts)
    call = calls_after(answered) if request.get("tools") else None
    part = {"functionCall": {"name": call["name"], "args": call["arguments"]}} if call else {"text": WORDS}
    yield None, {"candidates": [{"index": 0, "finishReason": "STOP",
                                 "content": {"role": "model", "parts": [part]}}],
                 "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1,
                                   "totalTokenCount": 2}}


def whole(path, request):
    """The answers that come in one piece."""
    if path.endswith("/messages"):
        return {"id": "m", "type": "message", "role": "assistant", "model": request["model"],
                "content": [{"type": "text", "text": WORDS}], "stop_reason": "end_turn",
                "stop_sequence": None, "usage": USAGE}
    if path.endswith("/count_tokens"):
        return {"input_tokens": 1}
    if path.endswith(":countTokens"):
        return {"totalTokens": 1}
    if path.endswith(":generateContent"):
        return next(content(request))[1]
    message = {"role": "assistant", "content": WORDS}
    return {"id": "c", "object": "chat.completion", "created": 0, "model": request.get("model"),
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


STREAMS = {"/responses": responses, "/messages": messages, "/chat/completions": completions,
           ":streamGenerateContent": content}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        model = {"id": "mock", "object": "model", "created": 0, "owned_by": "mock"}
        self.reply("application/json", json.dumps({"object": "list", "data": [model], "models": []}))

    def do_HEAD(self):
        self.reply("application/json", "")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.split("?")[0]
        (folder / "requests" / f"{next(numbers):04}").write_bytes(path.encode() + b"\n" + body)
        request = json.loads(body or "{}")
        stream = next((make for end, make in STREAMS.items() if path.endswith(end)), None)
        if stream is None or not (request.get("stream") or stream is content):
            self.reply("application/json", json.dumps(whole(path, request)))
            return
        text = ""
        for event, data in stream(request):
            if event:
                text += f"event: {event}\n"
                data = {"type": event} | data
            text += f"data: {json.dumps(data)}\n\n"
        if stream is completions:
            text += "data: [DONE]\n\n"
        self.reply("text/event-stream", text)

    def reply(self, kind, text):
        data = text.encode()
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_):
        pass


(folder / "requests").mkdir()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
(folder / "port.new").write_text(str(server.server_port))
(folder / "port.new").rename(folder / "port")
server.serve_forever()
