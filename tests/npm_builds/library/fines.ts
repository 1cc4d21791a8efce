import { euros } from "./lib/euros";

export const desk = {
  fine: function (days: number, digits: number) {
    return euros(days * 0.2, digits);
  },
  all(days: number[], digits: number) {
    return days.map((one) => this.fine(one, digits));
  },
};
