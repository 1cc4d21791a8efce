export function roundCents(amount) {
  return Math.round(100 * amount) / 100;
}
