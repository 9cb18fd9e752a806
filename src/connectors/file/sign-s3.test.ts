/** Signatures are judged by AWS's own example and by `aws4`, which is not ours. */
import assert from "node:assert/strict";
import { test } from "node:test";
import aws4 from "aws4";
import fc from "fast-check";
import { encoded, signedForS3 } from "./sign-s3.ts";

const ACCESS = {
  accessKey: "AKIAIOSFODNN7EXAMPLE",
  secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
};

test("the example of the S3 reference has its signature", () => {
  // "Signature Calculations for the Authorization Header", example "GET Bucket (List Objects)".
  const request = {
    ...({ method: "GET", headers: {}, body: null } as const),
    url: "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
  };
  const { headers } = signedForS3(request, { ...ACCESS, atMs: Date.UTC(2013, 4, 24) });
  const signature = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
  assert.equal(signatureOf(headers.authorization ?? ""), signature);
});

test("requests are signed as another implementation signs them", () => {
  const anyText = fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 });
  // S3 takes a slash that is encoded for one that is not, so paths of ours hold none (folderOf).
  const anyPart = anyText.filter((part) => !part.includes("/") && !/^\.+$/.test(part));
  fc.assert(
    fc.property(fc.array(anyPart, { minLength: 1 }), anyText, anyText, (parts, text, body) => {
      const path = `/${parts.map(encoded).join("/")}`;
      const query = `list-type=2&prefix=${encoded(text)}`;
      const method = text.length % 2 === 0 ? "PUT" : "GET";
      const url = `https://bucket.s3.eu-west-1.amazonaws.com${path}?${query}`;
      const sent = method === "PUT" ? body : null;
      const extra = { "if-none-match": "*", "content-type": "text/csv" };
      const signing = { ...ACCESS, region: "eu-west-1", atMs: Date.UTC(2026, 10, 1, 12, 30, 5) };
      const ours = signedForS3({ method, url, headers: extra, body: sent }, signing).headers;
      const theirs = aws4.sign(
        {
          ...{ service: "s3", region: "eu-west-1", method, path: `${path}?${query}` },
          host: "bucket.s3.eu-west-1.amazonaws.com",
          ...({ extraHeadersToIgnore: { "content-length": true } } as object),
          headers: {
            ...extra,
            ...{ "X-Amz-Date": "20261101T123005Z", "X-Amz-Content-Sha256": hashOf(ours) },
          },
          ...(sent === null ? {} : { body: sent }),
        },
        { accessKeyId: ACCESS.accessKey, secretAccessKey: ACCESS.secretKey },
      );
      const wanted = String((theirs.headers as Record<string, string>).Authorization);
      assert.equal(signatureOf(ours.authorization ?? ""), signatureOf(wanted));
    }),
    { numRuns: 200 },
  );
});

function hashOf(headers: Readonly<Record<string, string>>): string {
  return headers["x-amz-content-sha256"] ?? "";
}

function signatureOf(authorization: string): string {
  return authorization.split("Signature=")[1] ?? "";
}
