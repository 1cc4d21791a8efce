import { priceOf } from "./cart.js";

globalThis.checkout = (lines) => `EUR ${priceOf(lines)}`;
