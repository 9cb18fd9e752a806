"""Meters and guards AI-agent runs from Python. One file, the standard library alone: copy it beside
your agent. docs/python.md shows how it is used, and what it does not do.

Every record has an identity. So a request that got no answer is sent again as it was, and counts
once.
"""

import http.client
import json
import os
import time
import urllib.error
import urllib.request
import uuid
from contextlib import contextmanager
from datetime import datetime, timezone
from urllib.parse import quote

TRIES = 5
REQUEST_MAX_SECONDS = 30
# The server answers a wait within its timeoutMs; the rest is for the way.
WAIT_MS = 25_000
# What a model said, in the answers of OpenAI and Anthropic.
SAID = ("choices", "content", "output_text", "instructions")


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
        self._url = (url or os.environ.get("TOLLGATE_URL", "http://127.0.0.1:4100")).rstrip("/")
        self._key = key or os.environ["TOLLGATE_KEY"]
        self.pause_max_seconds = pause_max_seconds

    @contextmanager
    def run(self, customer, agent, **opening):
        """One run of an agent: opened, and closed as `completed`, or as `failed` by an error.

        `opening` may name `run` (an id of yours), `parentRun`, `labels`, `endUser` and `caps`.
        """
        run = Run(self, opening.pop("run", None) or f"run-{uuid.uuid4()}")
        run.open({"customer": customer, "agent": agent, **opening})
        try:
            yield run
        except BaseException:
            run.close("failed")
            raise
        run.close("completed")

    def send(self, method, path, document=None):
        """A request and its answer. Sent again where nobody knows whether it arrived."""
        body = None if document is None else json.dumps(document).encode()
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        request = urllib.request.Request(self._url + path, body, headers, method=method)
        for turn in range(1, TRIES + 1):
            try:
                with urllib.request.urlopen(request, timeout=REQUEST_MAX_SECONDS) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                problem = _problem(error)
                if error.code not in (429, 503) or turn == TRIES:
                    raise problem from None
            except (OSError, http.client.HTTPException) as error:
                if turn == TRIES:
                    raise TollgateError(f"{self._url} does not answer: {error}") from error
            time.sleep(0.1 * 2**turn)


class Run:
    """A run under way: its calls, and what came of it."""

    def __init__(self, tollgate, run):
        self.id = run
        self._tollgate = tollgate
        self._path = f"/v1/runs/{quote(run, safe='')}"

    def open(self, opening):
        refused = self._hold(opening=opening)["opened"].get("error")
        if refused:
            raise TollgateError(refused["detail"], refused["code"], refused.get("field"))

    def close(self, ending):
        self._tollgate.send("POST", f"{self._path}/close", {"ending": ending, "occurredAt": _now()})

    def outcome(self, name, **fields):
        """A named result, which a rate card may charge."""
        outcome = {"outcome": name, "occurredAt": _now(), **fields}
        self._tollgate.send("POST", f"{self._path}/outcomes", outcome)

    def left(self):
        """What the next call may set aside: of each measure, the least that a budget leaves."""
        return self._tollgate.send("GET", f"{self._path}/wait?timeoutMs=0")["left"]

    @contextmanager
    def call(self, kind="model", **step):
        """Holds the worst case of a call, lets it be made, and records it.

        `step` is what is known before: `provider`, `model` or `tool`, and `inputTokens`,
        `maxOutputTokens`, `usage` or `cost` as its upper bound. Raises BudgetExceeded before the
        call is made.
        """
        step = {"id": f"{kind}-{uuid.uuid4()}", "kind": kind, **step}
        call = Call(self._allowed(step), step)
        try:
            yield call
        except BaseException:
            self._record(call, "error")
            raise
        self._record(call, "ok")

    def _allowed(self, step):
        until = time.monotonic() + self._tollgate.pause_max_seconds
        while True:
            decision = self._hold(holds=[step])["decisions"][0]
            said = decision["decision"]
            if said == "allow":
                return decision
            if said not in ("throttle", "pause") or time.monotonic() > until:
                raise BudgetExceeded(decision)
            if said == "throttle":
                time.sleep(decision["retryAfterMs"] / 1000)
            else:
                self._tollgate.send("GET", f"{decision['waitAt']}?timeoutMs={WAIT_MS}")

    def _hold(self, opening=None, holds=()):
        asked = {"holds": list(holds), **({"open": opening} if opening else {})}
        return self._tollgate.send("POST", f"{self._path}/holds", asked)

    def _record(self, call, status):
        about = {"run": self.id, "occurredAt": call.began_at, "status": status}
        answer = self._tollgate.send("POST", "/v1/events", [{**about, **call.step, **call.used}])
        problem = answer["results"][0].get("error")
        if problem:
            raise TollgateError(problem["detail"], problem["code"], problem.get("field"))


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
        """The provider's own answer as a dictionary: `"openai.chat", response.model_dump()`."""
        self.used = {"usageFormat": usage_format, "providerUsage": _without_words(response)}

    def use(self, **usage):
        """Quantities of your own: `web_searches=1`, or decimals as text: `seconds="1.25"`."""
        self.used = {"usage": usage}


def _now():
    return datetime.now(timezone.utc).isoformat()


def _without_words(response):
    """Counts, ids and names. What was said stays here; of an item of output its kind is left."""
    kept = {name: value for name, value in response.items() if name not in SAID}
    if isinstance(kept.get("output"), list):
        kept["output"] = [_kind_of(item) for item in kept["output"]]
    return kept


def _kind_of(item):
    kind = {"type": item.get("type")}
    act = (item.get("action") or {}).get("type")
    return {**kind, "action": {"type": act}} if act else kind


def _problem(error):
    try:
        problem = json.load(error)
        code = problem["type"].rsplit(":", 1)[-1]
        return TollgateError(problem.get("detail", str(error)), code, problem.get("field"))
    except (ValueError, KeyError, TypeError):
        return TollgateError(str(error))
