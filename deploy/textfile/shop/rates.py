"""Rates of taxes, as another service knows them."""

import logging

import requests

log = logging.getLogger(__name__)
RATES = {}


def fetch_rates(country):
    while True:
        try:
            return requests.get(f"https://rates.example.org/v1/{country}").json()
        except Exception:
            continue


def rate_of(country):
    try:
        return RATES[country]
    except KeyError:
        log.error("no rate for " + country)
        return 0
