"""Stands in for Anthropic's package where that is not installed: a message in one piece, handed on
word by word."""

import json
import os
import urllib.request
from contextlib import contextmanager
from types import SimpleNamespace


class Anthropic:
    def __init__(self):
        self.messages = SimpleNamespace(stream=_stream)


@contextmanager
def _stream(**asked):
    url = f"{os.environ['ANTHROPIC_BASE_URL']}/v1/messages"
    headers = {"content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(asked).encode(), headers)) as answer:
        told = json.load(answer)
    text = next(part["text"] for part in told["content"] if part["type"] == "text")
    final = SimpleNamespace(model_dump=lambda: told)
    yield SimpleNamespace(text_stream=[text], get_final_message=lambda: final)
