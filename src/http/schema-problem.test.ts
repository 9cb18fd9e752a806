/** What a person reads where the schema of a request refused something. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { schemaProblem } from "./schema-problem.ts";

/** The first finding about a value at `a`. */
function told(schema: object, value: unknown): string {
  const validate = new Ajv2020({ strict: false }).compile({ properties: { a: schema } });
  assert.equal(validate({ a: value }), false);
  const { code, message } = schemaProblem(validate.errors?.[0]);
  return `${code}: ${message}`;
}

const CASES: readonly (readonly [schema: object, value: unknown, told: string])[] = [
  [{ type: "string" }, 7, 'field.invalid: "a" must be a text.'],
  [{ type: ["string", "null"] }, 7, 'field.invalid: "a" must be a text or null.'],
  [{ type: "object" }, [], 'field.invalid: "a" must be an object.'],
  [{ type: "array" }, {}, 'field.invalid: "a" must be a list.'],
  [{ type: "boolean" }, 1, 'field.invalid: "a" must be true or false.'],
  [{ type: "integer" }, 1.5, 'field.invalid: "a" must be a whole number.'],
  [{ minLength: 1 }, "", 'field.invalid: "a" must not be empty.'],
  [{ minLength: 8 }, "x", 'field.invalid: "a" must have at least 8 characters.'],
  [{ maxLength: 2 }, "xyz", 'field.out_of_range: "a" must have at most 2 characters.'],
  [{ minItems: 1 }, [], 'field.invalid: "a" must not be empty.'],
  [{ maxItems: 1 }, [1, 2], 'field.out_of_range: "a" must have at most 1 entries.'],
  [{ uniqueItems: true }, [1, 1], 'field.invalid: "a" must not hold the same twice.'],
  [{ minimum: 1 }, 0, 'field.out_of_range: "a" must be at least 1.'],
  [{ maximum: 31 }, 32, 'field.out_of_range: "a" must be at most 31.'],
  [
    { maxProperties: 2 },
    { b: 1, c: 2, d: 3 },
    'field.out_of_range: "a" must have at most 2 entries.',
  ],
];

test("a field that is not there is told with the one that is near, at any depth", () => {
  const parent = {
    type: "object",
    properties: { id: {}, endUser: {} },
    additionalProperties: false,
  };
  const properties = { parent, anchorDay: {} };
  const schema = { type: "object", properties, additionalProperties: false };
  const refused = (value: unknown): string => {
    const validate = new Ajv2020().compile(schema);
    assert.equal(validate(value), false);
    return schemaProblem(validate.errors?.[0], { schema }).message;
  };
  assert.equal(
    refused({ anchor_day: 1 }),
    'There is no field "anchor_day" here. Is "anchorDay" meant?',
  );
  assert.equal(
    refused({ parent: { enduser: "x" } }),
    'There is no field "parent.enduser" here. Is "endUser" meant?',
  );
  assert.equal(refused({ card: 1 }), 'There is no field "card" here.');
  assert.equal(refused({ constructor: 1 }), 'There is no field "constructor" here.');
});

test("a refusal by a schema is told in words, not in the validator's", () => {
  for (const [schema, value, expected] of CASES) assert.equal(told(schema, value), expected);
});
