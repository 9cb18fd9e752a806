"""Stands in for OpenAI's package where that is not installed: the same call over the wire, and an
answer of the same shape."""

import asyncio
import json
import os
import urllib.request
from types import SimpleNamespace


class OpenAI:
    def __init__(self):
        self.chat = SimpleNamespace(completions=SimpleNamespace(create=_create))


class AsyncOpenAI:
    def __init__(self):
        self.chat = SimpleNamespace(completions=SimpleNamespace(create=_creating))


async def _creating(**asked):
    return await asyncio.to_thread(_create, **asked)


def _create(**asked):
    url = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
    headers = {"content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(asked).encode(), headers)) as answer:
        told = json.load(answer)
    message = SimpleNamespace(**told["choices"][0]["message"])
    return SimpleNamespace(choices=[SimpleNamespace(message=message)], model_dump=lambda: told)
