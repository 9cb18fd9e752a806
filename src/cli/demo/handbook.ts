/**
 * The handbook of the shop that the demo's agents work for. It is the beginning of every prompt
 * (long enough for providers to cache it) and the content of the vector index.
 */

export interface Article {
  readonly id: string;
  readonly text: string;
}

/** Short articles, each about one thing that customers ask. */
export const HANDBOOK: readonly Article[] = [
  {
    id: "refunds",
    text:
      "Refunds. An order that has not arrived ten working days after its promised date is " +
      "refunded in full, shipping included, without a return. Smaller delays are answered " +
      "with an apology and the new date. A refund goes to the payment method of the order and " +
      "takes three to five banking days. Never promise a date on which the money arrives; say " +
      "the range. Above 500 euros a person of the payments team confirms the refund before it " +
      "is made.",
  },
  {
    id: "returns",
    text:
      "Returns. Goods can be sent back within thirty days of arrival, unworn and with their " +
      "label. The return label is free inside the union and costs what the carrier takes " +
      "elsewhere. An exchange is a return and a new order, so that the stock is right. " +
      "Underwear, ear rings and goods made to measure cannot be returned, unless they are " +
      "faulty.",
  },
  {
    id: "carriers",
    text:
      "Carriers. Parcels below two kilograms travel with Nordpost, heavier ones with Hansa " +
      "Freight. Nordpost scans at the depot only, so a parcel may show no movement for two " +
      "days and still be on its way. A parcel without any scan for five working days counts " +
      "as lost: open a trace with the carrier and refund or send again, as the customer " +
      "prefers.",
  },
  {
    id: "addresses",
    text:
      "Addresses. An address can be changed until the parcel has its first scan. After that " +
      "only the carrier can redirect it, and the customer has to ask them with the tracking " +
      "number. A parcel that comes back because of a wrong address is sent again at the " +
      "customer's expense, once the right address is confirmed in writing.",
  },
  {
    id: "warranty",
    text:
      "Warranty. Shoes and bags have two years of warranty on seams, soles and zips. Ask for " +
      "a photo of the fault and the order number. Repairs take two weeks; where a repair is " +
      "not possible the goods are replaced by the same or the nearest model, and only then " +
      "refunded. Wear from use is not a fault. A warranty case never needs the original box.",
  },
  {
    id: "invoices",
    text:
      "Invoices. Every order has an invoice in the account under orders, as a PDF. A company " +
      "name and tax number can be added for thirty days. Corrected invoices get a new number " +
      "and name the old one; an invoice is never changed in place. Customers outside the " +
      "union see the price without value added tax and pay import duties to the carrier.",
  },
  {
    id: "vouchers",
    text:
      "Vouchers. A voucher is valid for three years and can be used in parts. It cannot be " +
      "paid out, unless the law of the customer's country says so. When an order paid with a " +
      "voucher is refunded, the voucher is refilled first and the rest goes to the other " +
      "payment method. Lost codes are sent again to the address that bought them, never to " +
      "another one.",
  },
  {
    id: "privacy",
    text:
      "Privacy. Confirm the order number and the postal code before you speak about an order. " +
      "Never read out a full address, a birthday or a payment number. A customer who asks for " +
      "their data gets the export from the account page; a request for deletion goes to the " +
      "privacy team, who answer within thirty days. Do not copy card numbers into tickets; " +
      "remove them when a customer wrote one, and say that you did.",
  },
  {
    id: "tone",
    text:
      "Tone. Answer in the customer's language, in short sentences, and say what happens next " +
      "and by when. Say sorry once and mean it. Do not blame the carrier, even where it is " +
      "the carrier. Do not ask for what the order already says. When a case needs more than " +
      "two messages, offer a call. End with the one thing the customer has to do, or say that " +
      "there is nothing to do.",
  },
  {
    id: "escalation",
    text:
      "Escalation. A case goes to a person when it concerns an injury, a threat, the press or " +
      "a court, when the same customer writes a third time about one order, or when a refund " +
      "is above the limit. Hand over with a summary of five lines: who, which order, what " +
      "happened, what was promised, what is open. Tell the customer that a person takes over " +
      "and when they will write.",
  },
  {
    id: "delivery",
    text:
      "Delivery. Orders before noon leave the same day, others the next working day. The " +
      "promised date is the carrier's usual time plus one day. Express costs nine euros and " +
      "is refunded when it is late by a day. Nothing is delivered on Sundays and holidays of " +
      "the customer's region.",
  },
];

/** The handbook as one text. */
export const HANDBOOK_TEXT = HANDBOOK.map(({ text }) => text).join("\n\n");
