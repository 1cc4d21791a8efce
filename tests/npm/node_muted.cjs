// Errors and transactions of @sentry/node, one after the other; prints the status that each error was answered with.
// Run as: node node_muted.cjs DSN ERRORS
'use strict';

const Sentry = require('@sentry/node');

async function main(dsn, errors) {
  const answers = [];
  Sentry.init({ dsn, environment: 'staging', tracesSampleRate: 1.0, sendClientReports: true });
  const client = Sentry.getClient();
  client.on('afterSendEvent', (event, answer) => {
    if (!event.type) answers.push((answer && answer.statusCode) || null);
  });
  for (let number = 0; number < errors; number++) {
    Sentry.captureException(new TypeError(`no price for item ${number}`));
    await Sentry.flush(5000);
    Sentry.startSpan({ name: 'GET /cart', op: 'http.server', forceTransaction: true }, () => {});
    await Sentry.flush(5000);
  }
  if (!(await Sentry.close(5000))) throw new Error('not flushed');
  console.log(JSON.stringify(answers));
}

main(process.argv[2], Number(process.argv[3])).catch((error) => {
  console.error(error);
  process.exit(1);
});
