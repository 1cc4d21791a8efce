// One failure under a real client of each protocol, set up as its manual says; its own log goes to stdout and stderr.
// Run as: node node_app.cjs CLIENT URL PROJECT KEY
'use strict';

const RELEASE = '1.4.2';
const ENVIRONMENT = 'staging';

function price(order) {
  throw new TypeError(`could not price order ${order}`);
}

function failure() {
  try {
    price(12345);
  } catch (error) {
    return error;
  }
}

const clients = {
  async sentry(url, project, key) {
    const Sentry = require('@sentry/node');
    Sentry.init({ dsn: `${url.replace('://', `://${key}@`)}/${project}`, release: RELEASE, environment: ENVIRONMENT });
    Sentry.captureException(failure());
    if (!(await Sentry.close(10000))) throw new Error('sentry: not sent');
  },

  async otlp(url, project, key) {
    const { SpanKind, diag, DiagConsoleLogger, DiagLogLevel } = require('@opentelemetry/api');
    const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
    const { resourceFromAttributes } = require('@opentelemetry/resources');
    const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
    diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
    const exporter = new OTLPTraceExporter({ url: `${url}/v1/traces`, headers: { authorization: `Bearer ${key}` } });
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({
        'service.name': project, 'service.version': RELEASE, 'deployment.environment.name': ENVIRONMENT,
        'telemetry.sdk.language': 'nodejs',
      }),
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    const attributes = { 'http.request.method': 'GET', 'http.route': '/orders/:id', 'http.response.status_code': 500 };
    const span = provider.getTracer('shop').startSpan('GET /orders/:id', { kind: SpanKind.SERVER, attributes });
    span.recordException(failure());
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
  },

  async airbrake(url, project, key) {
    const { Notifier } = require('@airbrake/node');
    const notifier = new Notifier({
      projectId: Number(project), projectKey: key, host: url, environment: ENVIRONMENT, remoteConfig: false,
      performanceStats: false, queryStats: false, queueStats: false,
    });
    notifier.addFilter((notice) => {
      notice.context.version = RELEASE;
      return notice;
    });
    const notice = await notifier.notify(failure());
    if (notice.error || !notice.id) throw notice.error || new Error('airbrake: no id');
  },

  async rollbar(url, project, key) {
    const Rollbar = require('rollbar');
    const rollbar = new Rollbar({
      accessToken: key, endpoint: `${url}/api/1/item/`, environment: ENVIRONMENT, codeVersion: RELEASE,
      captureUncaught: false,
    });
    await new Promise((resolve, reject) => {
      rollbar.error(failure(), (error) => (error ? reject(error) : resolve()));
    });
  },

  async bugsnag(url, project, key) {
    const Bugsnag = require('@bugsnag/js');
    Bugsnag.start({
      apiKey: key, endpoints: { notify: url, sessions: `${url}/sessions` }, appVersion: RELEASE,
      releaseStage: ENVIRONMENT, autoTrackSessions: false, logger: { ...console, debug() {}, info() {} },
    });
    await new Promise((resolve, reject) => {
      Bugsnag.notify(failure(), (event) => { event.severity = 'error'; }, (error) => (error ? reject(error) : resolve()));
    });
  },
};

const [client, url, project, key] = process.argv.slice(2);
clients[client](url, project, key).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
