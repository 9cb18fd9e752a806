"""Meters and guards AI-agent runs from Python. One file, the standard library alone: copy it beside
your agent. docs/python.md shows how it is used, and what it does not do.

Every record has an identity. So a request that got no answer is sent again as it was, and counts
once.
"""

import asyncio
import http.client
import json
import os
import time
import urllib.error
import urllib.request
import uuid
import warnings
from contextlib import suppress
from datetime import date, datetime, timezone
from decimal import Decimal
from urllib.parse import quote

TRIES = 5
REQUEST_MAX_SECONDS = 30
# How long one request waits for a paused run: so long a task that is cancelled may take to end.
WAIT_MS = 2_000
# Where answers keep what was said: OpenAI, Anthropic, Gemini; Bedrock, Cohere, Ollama and others.
SAID = {"choices", "content", "output_text", "instructions", "text", "thinking", "arguments"}
SAID |= {"generation", "generations", "generated_text", "outputText", "completion", "completions"}
SAID |= {"groundingChunks", "grounding_chunks", "groundingSupports", "grounding_supports"}
SAID |= {"searchEntryPoint", "search_entry_point", "search_results", "reasoning_steps"}
# A longer text is nobody's name or id.
NAME_MAX_CHARS = 200


class TollgateError(Exception):
    """The server refused a request (`code` says why), or could not be reached (`code` is None)."""

    def __init__(self, detail, code=None, field=None):
        super().__init__(detail)
        self.code = code
        self.field = field


class BudgetExceeded(Exception):
    """A call was not allowed, and was not made. `decision` is all that the server said of it."""

    def __init__(self, decision):
        by = decision.get("decidedBy") or {}
        self.decision = decision
        self.budget = by.get("budget")
        self.remaining = by.get("remaining")
        reason = decision.get("reason") or decision["decision"]
        super().__init__(f"{reason}: {self.budget}" if self.budget else reason)


class Tollgate:
    """A server, and a key of it with the scope `ingest`."""

    def __init__(self, url=None, key=None, pause_max_seconds=900):
        told = url or os.environ.get("TOLLGATE_URL", "http://127.0.0.1:4100")
        self.url = told.strip().rstrip("/")
        if not self.url.startswith(("http://", "https://")):
            raise TollgateError(f'"{told}" does not begin with http:// or https://')
        # What a file holds ends with a line's end.
        self._key = (key or os.environ.get("TOLLGATE_KEY", "")).strip()
        if not self._key.startswith("tg_") or not self._key.isascii():
            raise TollgateError("give a key (tg_…), or set TOLLGATE_KEY")
        self.pause_max_seconds = pause_max_seconds

    def run(self, customer, agent, **opening):
        """One run of an agent, for `with` or `async with`.

        It is opened, and closed as `completed`, or as `failed` by an error. `opening` may name
        `run` (an id of yours), `parentRun`, `labels`, `endUser` and `caps`.
        """
        run = opening.pop("run", None) or f"run-{uuid.uuid4()}"
        return _RunBlock(self, run, {"customer": customer, "agent": agent, **opening})

    def asking(self, method, path, document=None):
        """A request and its answer. Sent again where nobody knows whether it arrived."""
        body = None if document is None else json.dumps(document, default=_as_text).encode()
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        for turn in range(1, TRIES + 1):
            try:
                return (yield _Request(request))
            except urllib.error.HTTPError as error:
                problem = _problem(error)
                if error.code not in (429, 503) or turn == TRIES:
                    raise problem from None
            except (OSError, http.client.HTTPException) as error:
                if turn == TRIES:
                    raise TollgateError(f"{self.url} does not answer: {error}") from error
            yield _Pause(0.1 * 2**turn)


class _RunUnderWay:
    def __init__(self, tollgate, run):
        self.id = run
        self._tollgate = tollgate
        self._path = f"/v1/runs/{quote(run, safe='')}"

    def call(self, kind="model", **step):
        """A call, for `with` or `async with`, as its run is: held, made and recorded.

        `step` is what is known before: `provider`, `model` or `tool`, and `inputTokens`,
        `maxOutputTokens`, `usage` or `cost` as its upper bound. Raises BudgetExceeded before the
        call is made.
        """
        step = {"id": f"{kind}-{uuid.uuid4()}", "kind": kind, **step}
        return _CallBlock(self._tollgate, self.id, step)

    def _outcome(self, name, fields):
        outcome = {"outcome": name, "occurredAt": _now(), **fields}
        return self._tollgate.asking("POST", f"{self._path}/outcomes", outcome)

    def _left(self):
        return (yield from self._tollgate.asking("GET", f"{self._path}/wait?timeoutMs=0"))["left"]


class Run(_RunUnderWay):
    """A run under way: its calls, and what came of it."""

    def outcome(self, name, **fields):
        """A named result, which a rate card may charge."""
        _do(self._outcome(name, fields))

    def left(self):
        """What the next call may set aside: of each measure, the least that a budget leaves."""
        return _do(self._left())


class AsyncRun(_RunUnderWay):
    """A run under way in `async with`."""

    async def outcome(self, name, **fields):
        """A named result, which a rate card may charge."""
        await _doing(self._outcome(name, fields))

    async def left(self):
        """What the next call may set aside: of each measure, the least that a budget leaves."""
        return await _doing(self._left())


class _Block:
    """What is begun and ended around a block: `with` blocks a thread, `async with` does not."""

    def __enter__(self):
        return _do(self._begin(Run))

    def __exit__(self, kind, error, trace):
        _do(self._ended(kind is not None))

    async def __aenter__(self):
        return await _doing(self._begin(AsyncRun))

    async def __aexit__(self, kind, error, trace):
        await _doing(self._ended(kind is not None))

    def _ended(self, has_failed):
        """What failed in the block goes up as it is; that it was not recorded is a warning then."""
        try:
            yield from self._end(has_failed)
        except TollgateError as problem:
            if not has_failed:
                raise
            warnings.warn(f"not recorded: {problem}", RuntimeWarning)


class _RunBlock(_Block):
    def __init__(self, tollgate, run, opening):
        self._tollgate = tollgate
        self._run = run
        self._opening = opening

    def _begin(self, kind):
        run = kind(self._tollgate, self._run)
        asked = {"open": self._opening, "holds": []}
        answer = yield from self._tollgate.asking("POST", f"{run._path}/holds", asked)
        if not isinstance(answer, dict) or "opened" not in answer:
            raise TollgateError(f"{self._tollgate.url} is no Tollgate: it answers something else")
        refused = answer["opened"].get("error")
        if refused:
            raise _refusal(refused)
        return run

    def _end(self, has_failed):
        ending = {"ending": "failed" if has_failed else "completed", "occurredAt": _now()}
        path = f"/v1/runs/{quote(self._run, safe='')}/close"
        yield from self._tollgate.asking("POST", path, ending)


class _CallBlock(_Block):
    def __init__(self, tollgate, run, step):
        self._tollgate = tollgate
        self._run = run
        self._path = f"/v1/runs/{quote(run, safe='')}/holds"
        self._step = step
        self._call = None

    def _begin(self, _):
        try:
            self._call = Call((yield from self._allowed()), self._step)
        except Exception:
            raise
        except BaseException:
            # Given up while it was asked for: it may have been granted, and would count as made.
            with suppress(TollgateError):
                given_up = {"holds": [{"id": self._step["id"]}]}
                yield from self._tollgate.asking("POST", f"{self._path}/release", given_up)
            raise
        return self._call

    def _allowed(self):
        until = time.monotonic() + self._tollgate.pause_max_seconds
        while True:
            asked = {"holds": [self._step]}
            answer = yield from self._tollgate.asking("POST", self._path, asked)
            decision = answer["decisions"][0]
            said = decision["decision"]
            if said == "allow":
                return decision
            if "error" in decision:
                raise _refusal(decision["error"])
            if said not in ("throttle", "pause") or time.monotonic() > until:
                raise BudgetExceeded(decision)
            if said == "throttle":
                yield _Pause(decision["retryAfterMs"] / 1000)
            else:
                wait = f"{decision['waitAt']}?timeoutMs={WAIT_MS}"
                yield from self._tollgate.asking("GET", wait)

    def _end(self, has_failed):
        status = "error" if has_failed else "ok"
        about = {"run": self._run, "occurredAt": self._call.began_at, "status": status}
        step = {**about, **self._call.step, **self._call.used}
        answer = yield from self._tollgate.asking("POST", "/v1/events", [step])
        result = answer["results"][0]
        if result.get("error"):
            raise _refusal(result["error"])
        for path in result.get("unreadUsage", ()):
            told = f"Tollgate has no rule for {path}: it is in no bucket, at no cost"
            warnings.warn(told, RuntimeWarning)


class _Request:
    """A request that is due."""

    def __init__(self, request):
        self._request = request

    def do(self):
        with urllib.request.urlopen(self._request, timeout=REQUEST_MAX_SECONDS) as answer:
            text = answer.read()
        try:
            return json.loads(text)
        except ValueError:
            raise TollgateError(f"{self._request.full_url} is no route of a Tollgate") from None

    async def doing(self):
        asked = asyncio.ensure_future(asyncio.to_thread(self.do))
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            # Nobody can call a request back: what is done next comes behind it.
            await asyncio.wait({asked})
            raise


class _Pause:
    """A pause that is due."""

    def __init__(self, seconds):
        self._seconds = seconds

    def do(self):
        time.sleep(self._seconds)

    async def doing(self):
        await asyncio.sleep(self._seconds)


def _do(acts):
    """Does what is due of `acts`, one after the other. Interrupting it interrupts them."""
    answer, error = None, None
    while True:
        try:
            due = acts.send(answer) if error is None else acts.throw(error)
        except StopIteration as done:
            return done.value
        answer, error = None, None
        try:
            answer = due.do()
        except BaseException as failed:
            error = failed


async def _doing(acts):
    """The same without blocking the loop: requests are made in threads."""
    answer, error = None, None
    while True:
        try:
            due = acts.send(answer) if error is None else acts.throw(error)
        except StopIteration as done:
            return done.value
        answer, error = None, None
        try:
            answer = await due.doing()
        except BaseException as failed:
            error = failed


class Call:
    """A call that was allowed. Say what it used before its block ends."""

    def __init__(self, decision, step):
        self.began_at = _now()
        # At most so many tokens may come out: give it to the provider. None: no bound was set.
        self.max_output_tokens = decision.get("maxOutputTokens")
        bounds = ("inputTokens", "maxOutputTokens", "minOutputTokens", "usage", "cost", "wrapUp")
        self.step = {name: value for name, value in step.items() if name not in bounds}
        self.used = {}

    def used_as(self, usage_format, response):
        """The provider's own answer, or its dictionary: `"openai.chat", response`."""
        self.used = {"usageFormat": usage_format, "providerUsage": _without_words(_plain(response))}

    def use(self, **usage):
        """Quantities of your own: `web_searches=1`, or decimals as text: `seconds="1.25"`."""
        self.used = {"usage": usage}


def _now():
    return datetime.now(timezone.utc).isoformat()


def _plain(response):
    """What the vendors' SDKs answer with, as a dictionary."""
    if isinstance(response, dict):
        return response
    for name in ("model_dump", "to_dict"):
        if callable(getattr(response, name, None)):
            return getattr(response, name)()
    raise TypeError(f"used_as takes an answer or its dictionary, not {type(response).__name__}")


def _without_words(value):
    """Counts, ids and names. What was said stays here; of an item of output its kind is left."""
    if isinstance(value, dict):
        return {
            name: _wordless(name, inner)
            for name, inner in value.items()
            # A text of that name is Ollama's answer, an object OpenAI's or Anthropic's envelope.
            if name not in SAID and not (name in ("response", "message") and isinstance(inner, str))
        }
    if isinstance(value, (list, tuple)):
        return [_without_words(item) for item in value]
    if isinstance(value, (bool, int, float, type(None))):
        return value
    text = _as_text(value)
    return text if len(text) <= NAME_MAX_CHARS else None


def _wordless(name, value):
    if name == "output" and isinstance(value, list):
        return [_kind_of(item) for item in value]
    if name in ("webSearchQueries", "web_search_queries") and isinstance(value, (list, tuple)):
        # They are counted.
        return [""] * len(value)
    return _without_words(value)


def _kind_of(item):
    kind = {"type": item.get("type")}
    act = (item.get("action") or {}).get("type")
    return {**kind, "action": {"type": act}} if act else kind


def _as_text(value):
    """What JSON has no form for. A decimal is exact as a text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(getattr(value, "value", value))


def _refusal(problem):
    return TollgateError(problem["detail"], problem["code"], problem.get("field"))


def _problem(error):
    try:
        problem = json.load(error)
        code = problem["type"].rsplit(":", 1)[-1]
        return TollgateError(problem.get("detail", str(error)), code, problem.get("field"))
    except (ValueError, KeyError, TypeError):
        return TollgateError(f"{error.url} is no route of a Tollgate: {error}")
