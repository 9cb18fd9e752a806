/** Which provider answers at a host. */

const HOSTS: readonly (readonly [RegExp, string])[] = [
  [/\.openai\.azure\.com$|\.services\.ai\.azure\.com$/, "azure"],
  [/^api\.openai\.com$/, "openai"],
  [/^api\.anthropic\.com$/, "anthropic"],
  [/googleapis\.com$/, "google"],
  [/amazonaws\.com$|\.api\.aws$/, "aws"],
  [/openrouter\.ai$/, "openrouter"],
  [/groq\.com$/, "groq"],
  [/mistral\.ai$/, "mistral"],
  [/cohere\.(?:com|ai)$/, "cohere"],
  [/deepseek\.com$/, "deepseek"],
  [/together\.(?:ai|xyz)$/, "together"],
  [/voyageai\.com$/, "voyageai"],
  [/cerebras\.ai$/, "cerebras"],
  [/z\.ai$/, "zai"],
  [/x\.ai$/, "x-ai"],
  [/moonshot\.(?:ai|cn)$/, "moonshotai"],
  [/fireworks\.ai$/, "fireworks"],
  [/perplexity\.ai$/, "perplexity"],
  [/huggingface\.(?:co|cloud)$/, "huggingface"],
  [/snowflakecomputing\.com$/, "snowflake"],
  [/writer\.com(?::\d+)?$/, "writer"],
  [/cloud\.ibm\.com$/, "ibm"],
  [/aleph-alpha\.com$/, "aleph-alpha"],
  [/ollama\.com$/, "ollama"],
];

/** Undefined for gateways and unknown hosts: the format's own provider is meant. */
export function providerAt(host: string): string | undefined {
  return HOSTS.find(([pattern]) => pattern.test(host))?.[1];
}
