/** The stand-in's web search, in the shape of Tavily's answer: pages found by their words. */

const PAGES = [
  {
    title: "Strike at Nordpost's northern depot: what customers should know",
    url: "https://news.example/nordpost-strike",
    content:
      "Since the 7th of November parcels at the northern depot of the carrier Nordpost are not " +
      "sorted. Around forty thousand parcels wait. The union and the carrier talk again next week.",
  },
  {
    title: "Nordpost and union agree, depot works again from the 19th",
    url: "https://news.example/nordpost-agreement",
    content:
      "The strike at Nordpost ended on the 18th with an agreement. The carrier expects that the " +
      "backlog is gone and delays end by the 27th of November.",
  },
  {
    title: "Bags: how to care for leather",
    url: "https://care.example/leather",
    content: "Dry leather slowly, never on a heater, and feed it with a little wax twice a year.",
  },
];

const RESULTS_MAX_COUNT = 2;

/** The pages that share most words with the query. */
export function searchWeb(query: string, requestId: string) {
  const words = query.toLowerCase().match(/[a-z]{4,}/g) ?? [];
  const results = PAGES.map((page) => {
    const text = `${page.title} ${page.content}`.toLowerCase();
    return { ...page, score: words.filter((word) => text.includes(word)).length };
  })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, RESULTS_MAX_COUNT);
  return { query, results, request_id: requestId };
}
