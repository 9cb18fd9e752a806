/**
 * Every size that the outside can influence has its limit here, and a test at its edge.
 * Names end with the unit.
 */

/** Decimal places of a quantity: nanoseconds of compute, billionths of a unit. */
export const QUANTITY_SCALE = 9;
/** Largest quantity of one bucket of one step, in whole units. */
export const QUANTITY_MAX_UNITS = 10n ** 15n;
/** Decimal places of a price per unit. */
export const PRICE_SCALE = 18;
/** Largest price per unit, in whole currency units. */
export const PRICE_MAX_UNITS = 10n ** 9n;
/** Decimal places of a factor: a percentage has four, divided by a hundred makes six. */
export const FACTOR_SCALE = 6;
/** Largest percentage of a markup. */
export const PERCENT_MAX = 1_000_000n;
/**
 * Decimal places of an amount: quantity × price × factor fits without rounding.
 * 9 + 18 + 6 = 33.
 */
export const AMOUNT_SCALE = QUANTITY_SCALE + PRICE_SCALE + FACTOR_SCALE;
/** Longest text accepted as a number, checked before it is converted. */
export const NUMBER_TEXT_MAX_CHARS = 48;

/** Longest id (event, run, source, customer, agent, model, tool, call), in UTF-16 units. */
export const ID_MAX_CHARS = 200;
/** Longest label value or reason. */
export const TEXT_MAX_CHARS = 500;
/** Labels on one event or run. */
export const LABELS_MAX_COUNT = 20;
/** Usage buckets and named units on one step. */
export const BUCKETS_MAX_COUNT = 40;
/** Nesting of JSON that is kept as sent (a provider's usage block). */
export const JSON_MAX_DEPTH = 12;

/** Events in one request. */
export const EVENTS_PER_REQUEST_MAX_COUNT = 1_000;
/** Steps that the events of one request stand for, where some stand for several. */
export const STEPS_PER_REQUEST_MAX_COUNT = 5_000;
/** Counts that no rule reads, as named in the answer to one event; each is cut at ID_MAX_CHARS. */
export const UNREAD_COUNTS_NAMED_MAX_COUNT = 20;
/** Points of a metric in one event. */
export const METRIC_POINTS_MAX_COUNT = 100;
/** Body of one request after decompression. */
export const BODY_MAX_BYTES = 4 * 1024 * 1024;
/** Inflated bytes a compressed byte may stand for, above BOMB_FLOOR_BYTES. */
export const INFLATE_MAX_RATIO = 100;
/** Events taken into one unit of work by the commit loop. */
export const EVENTS_PER_COMMIT_MAX_COUNT = 5_000;
/** Events that are worth a unit of work of their own while the one before is on its way to disk. */
export const EVENTS_PER_EARLY_UNIT_MIN_COUNT = 100;
/** The same while holds are asked for: who asks waits for the unit under way and its own. */
export const EVENTS_BESIDE_HOLDS_MAX_COUNT = 100;
/**
 * Holds decided by one unit of work: one takes some 25 µs of the engine's thread, and they are
 * decided without a turn for others.
 */
export const HOLDS_PER_COMMIT_MAX_COUNT = 1_000;
/** Units without a hold after which none is expected, and units are as large as what waits. */
export const UNITS_EXPECTING_HOLDS_COUNT = 64;
/** Steps, or runs, that are rated again by one unit of work. */
export const RERATED_PER_UNIT_MAX_COUNT = 1_000;
/** Steps that are restated by one unit of work where a run's opening comes behind them: 25 ms. */
export const RESTATED_PER_UNIT_MAX_COUNT = 500;
/** Events that waited for a customer, counted by one unit: 25 ms, 45 in runs of their own. */
export const RELEASED_PER_UNIT_MAX_COUNT = 500;
/** Root runs that one unit of work looks at to condense them, and about so many steps: 50 ms. */
export const CONDENSED_RUNS_PER_UNIT_MAX_COUNT = 50;
export const CONDENSED_STEPS_PER_UNIT_MAX_COUNT = 1_000;
/** Whole months before the present one whose steps may be asked to stay, at least and at most. */
export const RETAINED_MONTHS_MIN = 1;
export const RETAINED_MONTHS_MAX = 1_200;
/** Outcomes that become final by one unit of work. */
export const OUTCOMES_SETTLED_PER_UNIT_MAX_COUNT = 500;
/** Requests that may wait for the commit loop before new ones are answered 503. */
export const WAITING_REQUESTS_MAX_COUNT = 4_096;

/** Depth of a run tree, the root being 1. */
export const RUN_DEPTH_MAX = 32;
/** Steps of a run and all below it that are read at once: 0.2 s. Of more, they come by pages. */
export const RUN_TREE_STEPS_MAX_COUNT = 20_000;
/** Steps without a known customer that one run may hold in suspense. */
export const SUSPENDED_STEPS_PER_RUN_MAX_COUNT = 10_000;

/** Charges on one rate card. */
export const CHARGES_PER_CARD_MAX_COUNT = 200;
/** Fees on one rate card, and discounts. */
export const FEES_PER_CARD_MAX_COUNT = 50;
export const DISCOUNTS_PER_CARD_MAX_COUNT = 50;
/** Times that a customer may change its card. */
export const FORMER_CARDS_MAX_COUNT = 400;
/** Keys listed by one discount or trial. */
export const TERM_CHARGES_MAX_COUNT = CHARGES_PER_CARD_MAX_COUNT + FEES_PER_CARD_MAX_COUNT;
/** Days of a trial. */
export const TRIAL_MAX_DAYS = 1_096n;
/** Longest time in which an outcome may be reversed before it is final: 366 days. */
export const SETTLES_AFTER_MAX_HOURS = 8_784n;
/** Largest price of a credit, in whole currency units. */
export const CREDIT_PRICE_MAX_UNITS = 1_000_000n;
/** Decimal places of a rate between currencies. */
export const CONVERSION_RATE_SCALE = 9;
/** Largest rate between currencies. */
export const CONVERSION_RATE_MAX_UNITS = 1_000_000_000n;
/** Tiers of one charge. */
export const TIERS_MAX_COUNT = 1_000;
/** Cells of one matrix price. */
export const MATRIX_CELLS_MAX_COUNT = 1_000;
/** Values listed in one where filter. */
export const WHERE_VALUES_MAX_COUNT = 100;
/** Problems listed when a rate card is refused. */
export const PROBLEMS_MAX_COUNT = 100;
/** Billing periods remembered before the memory starts afresh. */
export const PERIODS_REMEMBERED_MAX_COUNT = 10_000;
/** Entries of one price book version. */
export const PRICE_ENTRIES_MAX_COUNT = 20_000;
/** Aliases, prefixes, periods, rates of a period, tiers of a rate or factors of one entry. */
export const PRICE_ENTRY_LIST_MAX_COUNT = 200;
/** Largest factor of a service tier. */
export const TIER_FACTOR_MAX = 1_000n;
/** Characters of documents of which a store remembers the rate cards that they say. */
export const CARDS_REMEMBERED_MAX_CHARS = 8 * 1024 * 1024;
/** Characters of price books that a store remembers: workspaces that have the same share it. */
export const PRICE_BOOKS_REMEMBERED_MAX_CHARS = 16 * 1024 * 1024;
/** Entries of the catalogues that workspaces with the same price books share. */
export const PRICE_CATALOGS_MAX_ENTRIES = 100_000;
/** Names of which a price catalogue remembers what they resolve to. */
export const PRICE_LOOKUPS_MAX_COUNT = 20_000;
/** Text of one file that is imported, unpacked: a little less than a string can hold. */
export const IMPORT_MAX_BYTES = 500 * 1024 * 1024;
/** Body of a price book or rate card request. */
export const DOCUMENT_MAX_BYTES = 16 * 1024 * 1024;
/** A file of rate cards or other documents, YAML or JSON: 70,000 tiers. */
export const DOCUMENT_FILE_MAX_BYTES = 4 * 1024 * 1024;
/**
 * Words, signs and lines of such a file where it is YAML and no JSON: 20,000 tiers. Each takes the
 * parser some 4 µs and 1 kB of memory: of 4 MiB of commas it made 2.3 GB.
 */
export const YAML_MAX_PARTS = 300_000;
/** Lists and maps in one another in such a file: a card has eight. */
export const DOCUMENT_MAX_DEPTH = 64;

/** Events a producer dates further ahead than this are rated at receipt, in milliseconds. */
export const FUTURE_TOLERANCE_MS = 5 * 60 * 1000;
/** Earliest and latest instant an event may state. */
export const OCCURRED_AT_MIN_MS = 946_684_800_000;
export const OCCURRED_AT_MAX_MS = 7_258_118_400_000;
/** A run without a sign of life for this long is abandoned (Default), in milliseconds. */
export const RUN_ABANDON_AFTER_MS = 24 * 60 * 60 * 1000;

/** Rows of a provider's invoice: one a provider, model and day. */
export const INVOICE_ROWS_MAX_COUNT = 10_000;
/** Longest grace between the end of a period and its closing: 90 days. */
export const GRACE_MAX_HOURS = 2_160;

/** Commitments of one customer, ended ones among them. */
export const COMMITMENTS_PER_CUSTOMER_MAX_COUNT = 50;
/** Periods ahead that a contract behind a commitment per period is projected through: a century. */
export const FORESEEN_PERIODS_MAX_COUNT = 1_200;
/** Largest price of usage beyond a commitment, in percent of the card's. */
export const OVERAGE_PERCENT_MAX = 10_000n;

/** Budgets of one workspace. */
export const BUDGETS_PER_WORKSPACE_MAX_COUNT = 1_000;
/** Stages of one budget. */
export const STAGES_PER_BUDGET_MAX_COUNT = 20;
/** Largest share of a limit at which a stage may begin, in percent. */
export const STAGE_PERCENT_MAX = 1_000n;
/** Largest limit of a budget, in whole units of its measure. */
export const BUDGET_LIMIT_MAX_UNITS = 10n ** 15n;
/** Longest distance that a stage may keep between two holds: one hour. */
export const STAGE_DELAY_MAX_MS = 60 * 60 * 1000;
/** Runs at the same time that an entitlement may allow. */
export const PARALLEL_RUNS_MAX_COUNT = 1_000_000n;
/** Holds in one request. */
export const HOLDS_PER_REQUEST_MAX_COUNT = 100;
/** Balances that the holds of one request may count in, added up; one hold alone always may. */
export const HELD_BALANCES_PER_REQUEST_MAX_COUNT = 30_000;
/** Holds that may count at once in one workspace. */
export const OPEN_HOLDS_MAX_COUNT = 200_000;
/** Holds of a workspace that count and are kept whole in memory; others are read when they end. */
export const WHOLE_HOLDS_MAX_COUNT = 65_536;
/** How long a hold is open before its step must be recorded (Default), and at most. */
export const HOLD_TTL_MS = 2 * 60 * 1000;
export const HOLD_TTL_MAX_MS = 24 * 60 * 60 * 1000;
/** How long an expired hold goes on counting. */
export const HOLD_QUARANTINE_MS = 10 * 60 * 1000;
/** When to ask again where only others' holds are in the way. */
export const HOLD_RETRY_MS = 250;
/** How long a caller waits for a decision before it is told that there is none. */
export const DECISION_MAX_MS = 2_000;
/** Longest wait for a paused run, and how often one who listens hears that it goes on. */
export const WAIT_MAX_MS = 10 * 60 * 1000;
export const WAIT_HEARTBEAT_MS = 15_000;
/** Output that a hold sets aside where its caller names no bound (Default), and at most. */
export const OUTPUT_ASSUMED_TOKENS = 32_768;
export const OUTPUT_MAX_TOKENS = 1_000_000_000;
/** Least output to which a hold is clamped (Default). */
export const OUTPUT_LEAST_TOKENS = 64;
/** Policies of one workspace, and rules of one policy. */
export const POLICIES_PER_WORKSPACE_MAX_COUNT = 100;
export const POLICY_RULES_MAX_COUNT = 20;
/** Last steps of a run that a rule may look at. */
export const POLICY_WINDOW_MAX_STEPS = 500;
/** What is kept of runs for rules, of all workspaces; beyond it, runs are read again. */
export const POLICY_MEMORY_MAX_BYTES = 96 * 1024 * 1024;
/** What is kept of rules of one kind, of all workspaces; those used longest ago are read again. */
export const RULES_MEMORY_MAX_BYTES = 128 * 1024 * 1024;
/** Workspaces of which it is remembered at which versions their rules were, and their clocks. */
export const KNOWN_WORKSPACES_MAX_COUNT = 50_000;
/** Streams of a live view that one process has open at once. */
export const LIVE_READERS_MAX_COUNT = 2_000;
/** How often a live view tells what has changed, and how often it is heard of at least. */
export const LIVE_TICK_MS = 500;
export const LIVE_HEARTBEAT_MS = 15_000;
/** Newest steps and decisions that one message of a live view tells one by one. */
export const LIVE_ITEMS_MAX_COUNT = 20;
/** Runs whose totals one message of a live view tells. */
export const LIVE_RUNS_MAX_COUNT = 100;
/** How long a live view that nobody reads is kept for who comes back. */
export const LIVE_LINGER_MS = 30_000;
/** Messages kept of each live view, for readers that come back. */
export const LIVE_KEPT_MESSAGES_MAX_COUNT = 120;
/** Characters of them, of all live views together: beyond it, readers that come back begin anew. */
export const LIVE_KEPT_MAX_CHARS = 32 * 1024 * 1024;
/** Characters that wait for all slow readers together, beyond one message for each. */
export const LIVE_WAITING_MAX_CHARS = 32 * 1024 * 1024;
/** Messages that wait for one slow reader before it is dropped. */
export const LIVE_WAITING_MESSAGES_MAX_COUNT = 32;
/** Characters of what one unit of work tells live views on other nodes; beyond, they read anew. */
export const LIVE_NOTE_MAX_CHARS = 1024 * 1024;
/** Notes that are kept of a workspace, for nodes that look later and readers that come over. */
export const LIVE_NOTES_MAX_COUNT = 200;
/** How long a workspace counts as looked at, where nobody says so again. */
export const LIVE_WATCH_MS = 60_000;
/** How long a slow reader may take to read that it is let go, before it is cut off. */
export const LIVE_CUT_OFF_MS = 15_000;
/** Cards that one simulation sets side by side. */
export const SIMULATED_CARDS_MAX_COUNT = 10;
/** Customers that a simulation may name. */
export const SIMULATED_CUSTOMERS_MAX_COUNT = 1_000;
/** Periods of customers of one simulation, or stretches of their credit: held in memory. */
export const SIMULATED_PERIODS_MAX_COUNT = 500_000;
/** Runs of one customer that a simulation works out the bounds of. */
export const SIMULATED_RUNS_PER_CUSTOMER_MAX_COUNT = 500_000;
/** Simulations that one process carries out at a time. */
export const SIMULATIONS_AT_ONCE_MAX_COUNT = 1;

/** Months of a report. */
export const REPORT_MONTHS_MAX_COUNT = 120;
/** Bills, one a customer and period, that a report takes apart. */
export const REPORT_BILLS_MAX_COUNT = 20_000;
/** Runs and steps that a report reads, where roll-ups cannot answer it. */
export const REPORT_STEPS_MAX_COUNT = 1_000_000;
/** Rows that a report adds up, or writes to one file. */
export const REPORT_ROWS_MAX_COUNT = 50_000;

/** Grants of a wallet that hold something or may be given back to. */
export const GRANTS_PER_WALLET_MAX_COUNT = 1_000;
/** Priorities of grants: less is burned first. */
export const GRANT_PRIORITY_MAX = 1_000;
/** Most that one grant holds, in whole units. */
export const GRANT_MAX_UNITS = 10n ** 12n;
/** Decimal places of an amount in a card's credits. */
export const CREDIT_UNITS_SCALE = 9;
/** Longest life of credit from a top-up: ten years. */
export const TOPUP_DAYS_MAX = 3_653;
/** Levels of customers above one another. */
export const CUSTOMER_DEPTH_MAX = 5;
/** Customers right below one. */
export const CHILDREN_PER_CUSTOMER_MAX_COUNT = 500;

/** Rows of one page of a listing. */
export const PAGE_MAX_ROWS = 1_000;

/** Longest URL that is called for somebody. */
export const OUTGOING_URL_MAX_CHARS = 2_000;
/** How long a call takes at most, from the look-up of the name to the last byte (Default). */
export const OUTGOING_TIMEOUT_MS = 20_000;
/** Bytes of an answer that are read (Default). */
export const ANSWER_MAX_BYTES = 64 * 1024;

/** Routes of alerts of one workspace, and what one may list of each kind. */
export const ALERT_ROUTES_MAX_COUNT = 100;
export const ALERT_ROUTE_LIST_MAX_COUNT = 100;
/** Mail addresses of one route. */
export const ALERT_RECIPIENTS_MAX_COUNT = 20;
/** Messages a minute that a route may send one by one. */
export const ALERTS_A_MINUTE_MAX = 600;
/** Alerts that one message gathers. */
export const ALERTS_PER_DIGEST_MAX_COUNT = 50;
/** Deliveries that are under way at once in one process. */
export const ALERT_SENDS_AT_ONCE_MAX_COUNT = 16;
/** Deliveries of one route that are under way at once: a dead receiver holds up no other. */
export const ALERT_SENDS_PER_ROUTE_MAX_COUNT = 4;
/** Attempts that the log of a delivery keeps. */
export const ALERT_ATTEMPTS_KEPT_COUNT = 20;
/** How long a delivery that ended is kept: 30 days. */
export const ALERT_DELIVERIES_KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/** Wait before a line is sent again: the first, and the longest. */
export const EXPORT_WAIT_FIRST_MS = 1_000;
export const EXPORT_WAIT_MAX_MS = 60 * 60 * 1000;
/** How long a sender has a line for itself: longer than the longest request. */
export const EXPORT_LEASE_MS = 5 * 60 * 1000;
/** Targets of one workspace. */
export const TARGETS_PER_WORKSPACE_MAX_COUNT = 100;
/** Names that one target's mapping lists. */
export const TARGET_NAMES_MAX_COUNT = 20_000;
/** Fields of one of them: Zuora has a number for each charge that a customer has of an item. */
export const TARGET_NAME_FIELDS_MAX_COUNT = 120;
/** Longest secret of a target. */
export const SECRET_MAX_CHARS = 8_192;
/** Characters that are kept of an answer with a line. */
export const EXPORT_NOTE_MAX_CHARS = 500;
/** Attempts that a line names, and requests that are kept of one attempt. */
export const ATTEMPTS_OF_A_LINE_MAX_COUNT = 20;
export const EXCHANGES_OF_AN_ATTEMPT_MAX_COUNT = 10;
/** Characters that are kept of the body of a request, and of an answer. */
export const KEPT_BODY_MAX_CHARS = 16 * 1024;
/** Attempts that are kept of a target, of those that went well and of the others each. */
export const ATTEMPTS_OF_A_TARGET_MAX_COUNT = 20_000;
/** Attempts of one page: each may hold all that was sent. */
export const ATTEMPTS_OF_A_PAGE_MAX_COUNT = 100;
/** How long an attempt is kept: 30 days. */
export const ATTEMPTS_KEPT_MS = 30 * 24 * 60 * 60 * 1000;
/** Bytes of one page of a target's list, and how many pages are gone through. */
export const TARGET_LIST_MAX_BYTES = 4 * 1024 * 1024;
export const TARGET_LIST_PAGES_MAX_COUNT = 50;
/** Pages of all that a target holds: ten million records of most. */
export const HELD_PAGES_MAX_COUNT = 100_000;
/** Bytes of a message that a target sends us. */
export const NOTICE_MAX_BYTES = 256 * 1024;
/** How long a request of a connector takes at most. */
export const EXPORT_TIMEOUT_MS = 30_000;
