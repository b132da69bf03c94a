/** Pictures of numbers, as SVG without colours of its own: these are the page's. */
import { html, type Markup } from "./markup.js";

export interface Part {
  /** Of the style sheet. */
  readonly name: string;
  readonly amount: number;
}

/**
 * Parts of a whole beside each other, as wide as the place that it has. It says nothing to those who do not see it,
 * so the numbers have to stand beside it.
 */
export function stackedBar(parts: readonly Part[]): Markup {
  const whole = parts.reduce((sum, { amount }) => sum + amount, 0);
  const drawn = parts.filter(({ amount }) => amount > 0);
  const before = drawn.map((_, index) => drawn.slice(0, index).reduce((sum, { amount }) => sum + amount, 0));
  return html`<svg class="bar" aria-hidden="true">${drawn.map(
    ({ name, amount }, index) =>
      html`<rect class="${name}" x="${percentage(before[index] ?? 0, whole)}" width="${percentage(amount, whole)}" height="100%"/>`,
  )}</svg>`;
}

function percentage(amount: number, whole: number): string {
  return `${Number(((amount / whole) * 100).toFixed(2))}%`;
}

const SPARK = { step: 6, width: 4, height: 20 } as const;

/** A column for each number, as tall as it is beside the greatest, on a line that nothing does not leave. */
export function sparkline(numbers: readonly number[]): Markup {
  const { step, width, height } = SPARK;
  const greatest = Math.max(...numbers);
  const columns = numbers.map((number, index) => {
    const tall = Math.max(3, Math.round((number / greatest) * height));
    return number === 0 ? "" : `M${index * step} ${height}v-${tall}h${width}v${tall}z`;
  });
  const whole = numbers.length * step;
  return html`<svg class="spark" role="img" aria-label="${numbers.join(", ")}" viewBox="0 0 ${whole} ${height}"><path d="M0 ${height}v-1h${whole}v1z${columns.join("")}"/></svg>`;
}

export interface ColumnOfChart {
  /** Below the column; null where there is no room for it. */
  readonly label: string | null;
  readonly value: number;
  /** Above it; null where there is no room. */
  readonly shown: string | null;
  /** All about it, for those who point at it or do not see it. */
  readonly description: string;
}

const TALLEST = 120;

/** A list, so that it can be read out; its labels are text, which stays legible where the chart is small. */
export function columnChart(columns: readonly ColumnOfChart[]): Markup {
  const greatest = Math.max(1, ...columns.map(({ value }) => value));
  return html`<ol class="columns">${columns.map(({ label, value, shown, description }) => {
    const height = value === 0 ? 1 : Math.max(3, Math.round((value / greatest) * TALLEST));
    return html`<li title="${description}"><span class="unseen">${description}</span><span aria-hidden="true">${shown}</span><svg height="${height}" aria-hidden="true"><rect width="100%" height="100%" rx="2"/></svg><span class="label" aria-hidden="true">${label}</span></li>`;
  })}</ol>`;
}
