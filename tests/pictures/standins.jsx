// Panels whose code is not published: simple drawings in their place, of the same data and options.
import React from "react";
import { formattedValueToString, getDisplayProcessor } from "@grafana/data";

export function Pie({ shares, width, height, theme }) {
  const total = shares.reduce((sum, share) => sum + share.display.numeric, 0) || 1;
  const beside = width > 260 ? Math.min(190, width * 0.5) : 0;
  const radius = Math.min(width - beside, height) / 2 - 8;
  const [x, y] = [(width - beside) / 2, height / 2];
  let angle = -Math.PI / 2;
  const at = (turn, reach) => `${x + reach * Math.cos(turn)} ${y + reach * Math.sin(turn)}`;
  return (
    <svg width={width} height={height} fontSize="12" fontFamily="sans-serif">
      {shares.map((share, index) => {
        const part = share.display.numeric / total;
        const end = angle + 2 * Math.PI * Math.min(part, 0.9999);
        const large = end - angle > Math.PI ? 1 : 0;
        const path = `M${at(angle, radius)} A${radius} ${radius} 0 ${large} 1 ${at(end, radius)} L${at(end, radius * 0.6)} A${radius * 0.6} ${radius * 0.6} 0 ${large} 0 ${at(angle, radius * 0.6)}Z`;
        const middle = (angle + end) / 2;
        angle = end;
        return (
          <g key={index}>
            <path d={path} fill={share.display.color} />
            {part > 0.06 && (
              <text x={x + radius * 0.8 * Math.cos(middle)} y={y + radius * 0.8 * Math.sin(middle)} textAnchor="middle" fill="#fff">
                {Math.round(part * 100)}%
              </text>
            )}
          </g>
        );
      })}
      {beside > 0 &&
        shares.map((share, index) => (
          <g key={index} transform={`translate(${width - beside}, ${24 + index * 18})`}>
            <rect width="12" height="4" y="-5" fill={share.display.color} />
            <text x="18" fill={theme.colors.text.primary}>{share.display.title?.slice(0, 18)}</text>
            <text x={beside - 8} textAnchor="end" fill={theme.colors.text.primary}>{formattedValueToString(share.display)}</text>
          </g>
        ))}
    </svg>
  );
}

const BURN = ["#ffffcc", "#ffeda0", "#fed976", "#feb24c", "#fd8d3c", "#fc4e2a", "#e31a1c", "#bd0026", "#800026"];

export function Heat({ frames, width, height, theme, unit }) {
  const rows = [...frames].sort((a, b) => Number(a.name.replace("+Inf", "Infinity")) - Number(b.name.replace("+Inf", "Infinity")));
  const show = getDisplayProcessor({ field: { config: { unit }, type: "number" }, theme });
  const counts = rows.map((row, index) =>
    row.fields[1].values.map((value, at) => Math.max(0, (value ?? 0) - (index ? rows[index - 1].fields[1].values[at] ?? 0 : 0))),
  );
  const most = Math.max(1, ...counts.flat());
  const left = 64;
  const [cell, line] = [(width - left) / Math.max(1, counts[0]?.length ?? 1), (height - 8) / Math.max(1, rows.length)];
  return (
    <svg width={width} height={height} fontSize="11" fontFamily="sans-serif">
      {counts.map((row, index) => (
        <g key={index} transform={`translate(0, ${height - 8 - (index + 1) * line})`}>
          <text x={left - 8} y={line / 2 + 4} textAnchor="end" fill={theme.colors.text.secondary}>
            {rows[index].name === "+Inf" ? "+Inf" : formattedValueToString(show(Number(rows[index].name)))}
          </text>
          {row.map((count, at) =>
            count > 0 ? (
              <rect key={at} x={left + at * cell} width={Math.max(1, cell - 1)} height={Math.max(1, line - 1)}
                fill={BURN[Math.min(BURN.length - 1, Math.floor(Math.sqrt(count / most) * BURN.length))]} />
            ) : null,
          )}
        </g>
      ))}
    </svg>
  );
}

export function Timeline({ frames, width, height, theme, range }) {
  const left = Math.min(260, width * 0.4);
  const line = Math.min(34, (height - 8) / Math.max(1, frames.length));
  const x = (time) => left + ((time / 1000 - range.from) / (range.to - range.from)) * (width - left - 8);
  return (
    <svg width={width} height={height} fontSize="12" fontFamily="sans-serif">
      {frames.map((frame, index) => {
        const [times, values] = frame.fields.map((field) => field.values);
        const field = frame.fields[1];
        const step = times.length > 1 ? x(times[1]) - x(times[0]) : 8;
        return (
          <g key={index} transform={`translate(0, ${index * line})`}>
            <text x={left - 8} y={line / 2 + 4} textAnchor="end" fill={theme.colors.text.primary}>
              {field.state?.displayName ?? frame.name}
            </text>
            {values.map((value, at) =>
              value === null ? null : (
                <rect key={at} x={x(times[at])} y="2" width={step + 0.5} height={line - 6} fill={field.display?.(value)?.color ?? "gray"} />
              ),
            )}
          </g>
        );
      })}
    </svg>
  );
}
