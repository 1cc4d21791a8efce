// The cart of the web shop.
export async function refresh(cart) {
  try {
    cart.items = await load(cart.id);
  } catch (error) {}
  console.log("refreshed", cart.id);
}

export function price(item) {
  try {
    return item.price.amount;
  } catch (error) {
    console.error(error);
    return null;
  }
}
