import { TollgateError } from "../domain/errors.ts";
import type { Surroundings } from "./command.ts";

/** What is sent to others, and how, by the environment. Throws `cli.usage`. */
export function outgoingOptions(environment: Surroundings["environment"]) {
  const { TOLLGATE_PRIVATE_TARGETS: ranges, TOLLGATE_PUBLIC_URL: publicUrl } = environment;
  const { TOLLGATE_SMTP_URL: url, TOLLGATE_MAIL_FROM: from } = environment;
  if ((url === undefined) !== (from === undefined)) {
    const detail = "Mail needs both TOLLGATE_SMTP_URL and TOLLGATE_MAIL_FROM.";
    throw new TollgateError("cli.usage", detail);
  }
  return {
    privateTargets: ranges?.split(",").filter(Boolean) ?? [],
    ...(url === undefined || from === undefined ? {} : { mail: { url, from } }),
    ...(publicUrl === undefined ? {} : { publicUrl: publicUrl.replace(/\/$/, "") }),
  };
}
