/** An event that is kept whole because it does not count yet, or not at all. */
import { decodeEvent } from "../../domain/event/codec.ts";
import { timeText } from "../instant.ts";
import { usageView } from "./run-view.ts";

/** What a person needs to know of a kept event to decide about it. */
export function heldEventView(document: string): object {
  const event = decodeEvent(document);
  const facts = "facts" in event ? event.facts : event.type === "step" ? event : null;
  return {
    type: event.type,
    occurredAt: timeText(event.occurredAtMs),
    kind: facts?.kind ?? null,
    provider: facts?.provider ?? null,
    model: facts?.model ?? null,
    tool: facts?.tool ?? null,
    outcome: event.type === "outcome.recorded" ? event.outcome : null,
    usage: facts === null ? null : usageView(facts.usage),
  };
}
