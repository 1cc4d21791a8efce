import { roundCents } from "./money.js";

export function priceOf(lines) {
  return roundCents(lines.map((line) => line.price.amount).reduce((sum, each) => sum + each, 0));
}
