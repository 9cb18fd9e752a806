/** Why a server cannot listen, for a person at a terminal. */

/** What the system says of an address. */
interface SystemError {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
}

/** What happened and what to do, a line each; null: the error is about something else. */
export function listenProblem(error: unknown): readonly string[] | null {
  const { code, syscall, address, port, hostname } = Object(error) as SystemError;
  if (syscall !== "listen" && syscall !== "getaddrinfo") return null;
  const place = address === undefined ? hostname : `${address}:${port}`;
  if (code === "EADDRINUSE") {
    return [`Another process listens at ${place}.`, "Stop it, or choose another with --port."];
  }
  if (code === "EACCES") {
    return [`This user may not listen at ${place}.`, "Choose a port above 1023 with --port."];
  }
  return [
    `No server can listen at ${place} (${code}).`,
    "Name an address of this machine: --host.",
  ];
}
