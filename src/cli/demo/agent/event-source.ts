/** The capture path of everything that the demo's agents report, and ask for. */
export const EVENT_SOURCE = "demo-agent";
