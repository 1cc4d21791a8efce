export function euros(amount: number, digits: number): string {
  const sign = amount < 0 ? "-" : "";
  return sign + Math.abs(amount).toFixed(digits) + " €";
}
