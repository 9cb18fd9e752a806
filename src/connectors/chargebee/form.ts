/** Forms and queries as Chargebee's SDK writes them, byte for byte (chargebee-bytes.test.ts). */

/** Names as the API has them, such as `charges[amount][0]`, in the order in which they stand. */
export type FormFields = readonly (readonly [name: string, value: string])[];

/** `name=value` pairs; brackets are escaped, a space is `+`. */
export function formBody(fields: FormFields): string {
  return fields
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&")
    .replaceAll("%20", "+");
}

/** A field of a form; "" where it has none of the name. */
export function fieldOf(form: string, name: string): string {
  return new URLSearchParams(form).get(name) ?? "";
}
