/** The SDK that the demo's agents work with: the only place of the product that names it. */
export {
  type CallRefused,
  type Run,
  refusalOf,
  Tollgate,
  type WireEvent,
} from "../../../sdk/src/index.ts";
