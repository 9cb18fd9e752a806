/**
 * Signs requests to S3 and what speaks its language (AWS Signature Version 4, "Authenticating
 * Requests: Using the Authorization Header", single chunk, signed payload).
 */
import { createHmac, hash } from "node:crypto";
import type { OutgoingRequest } from "../../engine/export/connector-port.ts";

/** Whose signature, where and when. */
export interface S3Signing {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  readonly atMs: number;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** The request with its signature; its URL is written as S3 canonicalizes it already. */
export function signedForS3(request: OutgoingRequest, signing: S3Signing): OutgoingRequest {
  const { accessKey, secretKey, region, atMs } = signing;
  const at = new Date(atMs).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = at.slice(0, 8);
  const { host, pathname, searchParams } = new URL(request.url);
  const payloadHash = hash("sha256", request.body ?? "", "hex");
  const headers: Record<string, string> = {
    ...request.headers,
    ...{ "x-amz-content-sha256": payloadHash, "x-amz-date": at },
  };
  const signed = Object.entries({ ...headers, host }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const lines = signed.map(([name, value]) => `${name}:${value.trim()}\n`).join("");
  const query = [...searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&");
  const canonical = [request.method, pathname, query, lines, names, payloadHash].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = [ALGORITHM, at, scope, hash("sha256", canonical, "hex")].join("\n");
  const key = [day, region, "s3", "aws4_request"].reduce<string | Buffer>(
    (under, part) => createHmac("sha256", under).update(part).digest(),
    `AWS4${secretKey}`,
  );
  const signature = createHmac("sha256", key).update(toSign).digest("hex");
  const credential = `Credential=${accessKey}/${scope}`;
  const parts = [credential, `SignedHeaders=${names}`, `Signature=${signature}`];
  const authorization = `${ALGORITHM} ${parts.join(", ")}`;
  return { ...request, headers: { ...headers, authorization } };
}

/** A part of a path or query as S3 encodes it: all but unreserved characters, in UTF-8. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
