/** Errors about targets, their lines and their secrets: a part of the catalogue (errors.ts). */
export const EXPORT_ERRORS = {
  "target.not_found": [404, "No such target.", "See GET /v1/targets."],
  "target.invalid": [
    400,
    "The target is not as its connector needs it.",
    "See what 'tollgate target check' lists.",
  ],
  "target.locked": [
    409,
    "A target's connector, account, mode and first period stand in its keys.",
    "Add another target.",
  ],
  "export.line_not_found": [404, "No such export line.", "See 'tollgate export status'."],
  "export.attempt_not_found": [404, "No such attempt is kept.", "See 'tollgate export attempts'."],
  "export.line_state": [409, "The line is in no state for that.", "See what it is now."],
  "export.unknown_lines": [
    409,
    "The target holds what these books do not know as sent, so it is told nothing of it.",
    "See 'tollgate export reconcile', and docs/operate.md for copies that were restored.",
  ],
  "export.unlisted": [
    503,
    "What the target holds cannot be listed now.",
    "Run it again later; 'tollgate target check TARGET --ask' asks for its credentials.",
  ],
  "export.incomplete": [
    409,
    "Names or settings are missing, so nothing was sent.",
    "Set what is listed, then run it again.",
  ],
  "notice.refused": [401, "This is no message of the target.", "Sign it with the target's secret."],
  "secret.missing": [
    409,
    "The target has no such secret.",
    "Set it: 'tollgate target secret ID --secret NAME=WHERE'.",
  ],
  "secret.no_key": [
    409,
    "Secrets cannot be kept, because there is no key to encrypt them with.",
    "Set TOLLGATE_SECRET_KEY or TOLLGATE_SECRET_KEY_FILE.",
  ],
  "secret.unreadable": [
    500,
    "A secret cannot be decrypted.",
    "Give the key that it was encrypted with, or set the secret again.",
  ],
} as const satisfies Record<string, readonly [status: number, meaning: string, remedy: string]>;
