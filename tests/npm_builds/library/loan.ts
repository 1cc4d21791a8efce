export class LoanError extends Error {
  constructor(reader: string) {
    super(`${reader} has too many books`);
    this.name = "LoanError";
  }
}

async function permit(reader: string, books: number): Promise<string> {
  await Promise.resolve();
  if (books > 3) {
    throw new LoanError(reader);
  }
  return `${reader}: ${books}`;
}

export async function lend(reader: string, books: number): Promise<string> {
  return `Lent to ${await permit(reader, books)}`;
}
