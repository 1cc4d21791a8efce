export interface Book {
  title: string;
  place?: { row: number };
}

export class Shelf {
  #books: Book[] = [];

  put(book: Book): this {
    this.#books.push(book);
    return this;
  }

  rows(): number[] {
    return this.#books.map((book) => {
      const place = book.place!.row;
      return place + 1;
    });
  }
}
