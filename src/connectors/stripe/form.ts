/** Bodies and queries as Stripe's own SDK writes them, byte for byte (stripe-bytes.test.ts). */

/** Names as the API has them, such as `payload[value]`, in the order in which they are written. */
export type FormFields = readonly (readonly [name: string, value: string])[];

/** `name=value` pairs; brackets stay as they are, a space is `%20`. */
export function formBody(fields: FormFields): string {
  return fields.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
}

function encoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!*()']/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%5B", "[")
    .replaceAll("%5D", "]");
}

/** A field of a form; "" where it has none of the name. */
export function fieldOf(form: string, name: string): string {
  return new URLSearchParams(form).get(name) ?? "";
}
