"""Orders: placed, paid, forgotten."""

import logging

log = logging.getLogger(__name__)


class OrderError(Exception):
    """An order can't be placed."""


def place_order(session, basket):
    print("placing", basket)
    try:
        session.add(basket)
        session.commit()
    except OSError as exc:
        raise OrderError("the order was not written") from exc


def forget(order):
    try:
        order.delete()
    except:
        pass
