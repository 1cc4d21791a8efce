// Run a panel's queries as Grafana's Prometheus data source does and return data frames.
import { toDataFrame } from "@grafana/data";

const SCRAPE_SECONDS = 15;

export function interpolate(text, values, range, step) {
  const own = {
    __rate_interval: `${Math.max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)}s`,
    __interval_ms: step * 1000,
    __interval: `${step}s`,
    __range_s: range.to - range.from,
    __range: `${range.to - range.from}s`,
  };
  return text.replace(/\$(\w+)/g, (whole, name) => own[name] ?? values[name] ?? whole);
}

async function ask(path, parameters) {
  const answer = await (await fetch(`/prometheus/api/v1/${path}?${new URLSearchParams(parameters)}`)).json();
  if (answer.status !== "success") throw new Error(answer.error);
  return answer.data.result;
}

const legend = (format, labels) =>
  format ? format.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? "") : JSON.stringify(labels);

function asTable(target, found, isOneOfSeveral) {
  const names = [...new Set(found.flatMap((series) => Object.keys(series.metric)))].sort();
  const value = isOneOfSeveral ? `Value #${target.refId}` : "Value";
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: "time", values: found.map((series) => series.value[0] * 1000) },
      ...names.map((name) => ({ name, type: "string", values: found.map((series) => series.metric[name] ?? "") })),
      { name: value, type: "number", values: found.map((series) => Number(series.value[1])) },
    ],
  });
}

// Prometheus leaves out steps without a value: Grafana fills them with null, so that lines are not drawn across.
function filled(values, range, step) {
  const known = new Map(values.map(([time, value]) => [Math.round(time), Number(value)]));
  const times = [];
  for (let time = Math.floor(range.from / step) * step; time <= range.to; time += step) times.push(time);
  return { times: times.map((time) => time * 1000), values: times.map((time) => known.get(time) ?? null) };
}

export async function framesOf(panel, values, range) {
  const step = Math.max(SCRAPE_SECONDS, Math.ceil((range.to - range.from) / 120 / SCRAPE_SECONDS) * SCRAPE_SECONDS);
  const frames = [];
  for (const target of panel.targets ?? []) {
    const query = interpolate(target.expr, values, range, step);
    if (target.format === "table") {
      frames.push(asTable(target, await ask("query", { query, time: range.to }), panel.targets.length > 1));
      continue;
    }
    const start = Math.floor(range.from / step) * step;
    const end = Math.floor(range.to / step) * step;
    const found = target.instant
      ? await ask("query", { query, time: range.to })
      : await ask("query_range", { query, start, end, step });
    for (const series of found) {
      const name = legend(target.legendFormat, series.metric);
      const points = series.values
        ? filled(series.values, range, step)
        : { times: [series.value[0] * 1000], values: [Number(series.value[1])] };
      frames.push(
        toDataFrame({
          refId: target.refId,
          name,
          fields: [
            { name: "Time", type: "time", values: points.times },
            {
              name: "Value",
              type: "number",
              labels: series.metric,
              config: { displayNameFromDS: name },
              values: points.values,
            },
          ],
        }),
      );
    }
  }
  return frames;
}
