"""Structured logging on the standard library's logging: JSON lines, files, Elasticsearch, Loki."""

from errtally.logs.configuring import configure
from errtally.logs.elasticsearch import Elasticsearch
from errtally.logs.logger import Logger, Timer, get_logger
from errtally.logs.loki import Loki
from errtally.logs.request_log import AsgiRequestLog, WsgiRequestLog

__all__ = ["AsgiRequestLog", "Elasticsearch", "Logger", "Loki", "Timer", "WsgiRequestLog", "configure", "get_logger"]
