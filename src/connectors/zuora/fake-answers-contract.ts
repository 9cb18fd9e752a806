/** Answers of the fake, in the two forms that Zuora's have. */
import { hash } from "node:crypto";
import type { OutgoingAnswer } from "../../engine/export/connector-port.ts";

/** An id of 32 characters. */
export function idOf(text: string): string {
  return hash("sha256", text, "hex").slice(0, 32);
}

export function answer(status: number, body: object): OutgoingAnswer {
  return { status, headers: {}, body: JSON.stringify(body) };
}

/** A failure of a CRUD call. */
export function failed(status: number, code: string, message: string): OutgoingAnswer {
  return answer(status, { Success: false, Errors: [{ Code: code, Message: message }] });
}

/** A failure of any other call. */
export function failedReasons(status: number, code: string, message: string): OutgoingAnswer {
  return answer(status, {
    success: false,
    processId: "P",
    reasons: [{ code: Number(code), message }],
  });
}
