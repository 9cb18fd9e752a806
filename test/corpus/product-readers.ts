/** The product's own readers of logs that users have too: the corpus feeds what they make. */
export { readClaudeCode } from "../../src/ingest/transcripts/claude-code.ts";
