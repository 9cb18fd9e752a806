/** API keys. The secret is shown once, when the key is made. */
import { SCOPES, type Scope } from "../../engine/workspaces/keys.ts";
import { json, ok, route } from "../route.ts";
import { closed, ID, named, oneOf, TEXT } from "../schema.ts";
import { keyView } from "../views/key-view.ts";

const listKeys = route({
  method: "GET",
  path: "/v1/keys",
  operationId: "listKeys",
  summary: "List the workspace's API keys, without their secrets.",
  scope: "admin",
  answers: { 200: json("The keys.", named("ApiKeyList")) },
  handle: async ({ engine }, { workspace }) => {
    const keys = await engine.store.keyring.ofWorkspace(workspace);
    return ok({ keys: keys.map(keyView) });
  },
});

interface NewKey {
  readonly scopes: readonly Scope[];
  readonly label?: string;
}

const createKey = route<unknown, unknown, NewKey>({
  method: "POST",
  path: "/v1/keys",
  operationId: "createKey",
  summary: "Make an API key. Its secret is in this answer and nowhere else.",
  scope: "admin",
  body: {
    schema: closed({
      scopes: {
        type: "array",
        items: oneOf(SCOPES),
        minItems: 1,
        maxItems: SCOPES.length,
        uniqueItems: true,
      },
      "label?": TEXT,
    }),
  },
  answers: { 201: json("The key and its secret.", named("NewApiKey")) },
  handle: async ({ engine }, { workspace, body: { scopes, label = "" } }) => {
    const { key, secret } = await engine.createKey(workspace, { scopes, label });
    return { status: 201, body: { key: keyView(key), secret } };
  },
});

const revokeKey = route<{ readonly id: string }>({
  method: "DELETE",
  path: "/v1/keys/{id}",
  operationId: "revokeKey",
  summary: "Revoke an API key, at once.",
  scope: "admin",
  params: closed({ id: ID }),
  answers: { 200: json("The key, revoked.", named("ApiKey")) },
  errors: ["key.not_found"],
  handle: async ({ engine, authenticator }, { workspace, params }) => {
    const key = await engine.revokeKey(workspace, params.id);
    authenticator.forget();
    return ok(keyView(key));
  },
});

/** API keys. */
export const KEY_ROUTES = [listKeys, createKey, revokeKey];
