/**
 * The units of genai-prices: each of its price keys, as our bucket or unit and the number of units
 * that a price is for. Its `input` and `output` cover what has no rate of its own, as ours do.
 */

interface GenaiUnit {
  readonly unit: string;
  readonly per: number;
}

const perMillion = (unit: string): GenaiUnit => ({ unit, per: 1_000_000 });
const perThousand = (unit: string): GenaiUnit => ({ unit, per: 1_000 });
const perHour = (unit: string): GenaiUnit => ({ unit, per: 3_600 });

const UNITS: Readonly<Record<string, GenaiUnit>> = {
  input_mtok: perMillion("input_uncached"),
  output_mtok: perMillion("output_text"),
  cache_read_mtok: perMillion("cache_read"),
  cache_write_mtok: perMillion("cache_write"),
  cache_write_5m_mtok: perMillion("cache_write_5m"),
  cache_write_1h_mtok: perMillion("cache_write_1h"),
  input_audio_mtok: perMillion("input_audio"),
  cache_audio_read_mtok: perMillion("cache_read_audio"),
  input_image_mtok: perMillion("input_image"),
  cache_image_read_mtok: perMillion("cache_read_image_tokens"),
  input_video_mtok: perMillion("input_video"),
  cache_video_read_mtok: perMillion("cache_read_video_tokens"),
  input_tool_mtok: perMillion("input_tool"),
  output_reasoning_mtok: perMillion("output_reasoning"),
  output_audio_mtok: perMillion("output_audio"),
  output_image_mtok: perMillion("output_image"),
  output_video_mtok: perMillion("output_video_tokens"),
  output_citation_mtok: perMillion("citation_tokens"),
  input_mchars: perMillion("characters"),
  input_gpixels: { unit: "pixels", per: 1_000_000_000 },
  web_searches_kcount: perThousand("web_searches"),
  social_searches_kcount: perThousand("x_searches"),
  storage_searches_kcount: perThousand("file_searches"),
  rerank_searches_kcount: perThousand("searches"),
  code_executions_kcount: perThousand("code_executions"),
  requests_kcount: perThousand("requests"),
  input_text_messages_kcount: perThousand("text_messages"),
  input_document_kpages: perThousand("pages"),
  input_annotated_document_kpages: perThousand("annotated_pages"),
  audio_hours: perHour("audio_seconds"),
  input_audio_hours: perHour("input_audio_seconds"),
  output_audio_hours: perHour("output_audio_seconds"),
};

/** Our unit for a price key of genai-prices; undefined where it has no counterpart. */
export function genaiUnit(priceKey: string): GenaiUnit | undefined {
  return Object.hasOwn(UNITS, priceKey) ? UNITS[priceKey] : undefined;
}
