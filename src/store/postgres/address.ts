/** What the address of a database says. No message repeats it all: it holds a password. */
import { TollgateError } from "../../domain/errors.ts";

/** Whoever asks for TLS has authority and name verified: the driver does so, and warns of it. */
const TLS_MODES: ReadonlyMap<string, string> = new Map([
  ["disable", "disable"],
  ...["require", "verify-ca", "verify-full"].map((mode) => [mode, "verify-full"] as const),
]);

/**
 * The address without settings, which stand beside it. What it says counts more to the driver than
 * what is said beside it: settings in it would replace the role, and with it the wall. Throws
 * `cli.usage` for what is no address of a PostgreSQL database.
 */
export function readAddress(
  text: string,
  variable: "DATABASE_URL" | "DATABASE_READ_URL",
): { readonly address: string; readonly own: string } {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) {
    const detail = `${variable} is no address of a database: postgresql://user:password@host/name.`;
    throw new TollgateError("cli.usage", detail);
  }
  const mode = url.searchParams.get("sslmode");
  if (mode !== null) url.searchParams.set("sslmode", tlsMode(mode, variable));
  const own = url.searchParams.get("options") ?? "";
  url.searchParams.delete("options");
  return { address: url.href, own };
}

function tlsMode(mode: string, variable: string): string {
  const known = TLS_MODES.get(mode);
  if (known !== undefined) return known;
  const detail = `${variable} says sslmode=${mode}. Say verify-full, or disable: what is in between
    could go on in plain text, or with anybody's certificate.`;
  throw new TollgateError("cli.usage", detail.replaceAll(/\s+/g, " "));
}
